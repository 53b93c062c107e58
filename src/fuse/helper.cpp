#include "fuse/helper.hpp"

#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <spawn.h>
#include <unistd.h>

namespace tallyfs::fuse {

namespace {

constexpr int helper_socket = 3;
constexpr const char* socket_variable = "_FUSE_COMMFD=3";
constexpr std::size_t complaint_bytes_max = 4096;

struct pair_of_descriptors {
    unique_fd ours;
    unique_fd theirs;
};

pair_of_descriptors make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw startup_error("pipe: out of descriptors");
    return {unique_fd(ends[0]), unique_fd(ends[1])};
}

pair_of_descriptors make_sockets() {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw startup_error("socketpair: out of descriptors");
    }
    return {unique_fd(ends[0]), unique_fd(ends[1])};
}

unique_fd receive_device(int socket) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t received = 0;
    do received = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    const cmsghdr* header = received > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
    int device = -1;
    std::memcpy(&device, CMSG_DATA(header), sizeof device);
    return unique_fd(device);
}

/// Until the helper ends, which closes the other end.
std::string read_complaint(int pipe) {
    std::string text;
    std::array<char, 512> buffer;
    for (;;) {
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (text.size() < complaint_bytes_max)
            text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

std::vector<char*> environment_with_socket() {
    std::vector<char*> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        environment.push_back(*variable);
    }
    environment.push_back(const_cast<char*>(socket_variable));  // execve(2) does not write to it
    environment.push_back(nullptr);
    return environment;
}

/// posix_spawn(3) and no fork(): a copy of this process with its descriptors and none of its
/// other threads must not come to life.
int spawn(std::vector<std::string>& arguments, int socket, int complaints, pid_t& child) {
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
    if (socket >= 0) posix_spawn_file_actions_adddup2(&actions, socket, helper_socket);
    auto environment = environment_with_socket();
    const int failure = ::posix_spawnp(&child, pointers.front(), &actions, nullptr, pointers.data(),
                                       environment.data());
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

}  // namespace

helper_result run_helper(std::vector<std::string> arguments, bool wants_device) {
    arguments.insert(arguments.begin(), "fusermount3");
    pair_of_descriptors complaints = make_pipe();
    pair_of_descriptors sockets;
    if (wants_device) sockets = make_sockets();

    helper_result result;
    pid_t child = -1;
    const int failure = spawn(arguments, sockets.theirs.get(), complaints.theirs.get(), child);
    complaints.theirs.reset();
    sockets.theirs.reset();
    if (failure != 0) {
        result.found = failure != ENOENT;
        result.exit_code = -1;
        result.complaint = std::strerror(failure);
        return result;
    }
    if (wants_device) result.device = receive_device(sockets.ours.get());
    result.complaint = read_complaint(complaints.ours.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

}  // namespace tallyfs::fuse
