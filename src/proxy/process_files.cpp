#include "proxy/process_files.hpp"

#include "proxy/process_names.hpp"

#include <sys/stat.h>

#include <array>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::proxy {
namespace {

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::string read_link(int directory, const char* name) {
    std::array<char, 512> target{};
    const ssize_t bytes = ::readlinkat(directory, name, target.data(), target.size());
    return bytes <= 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(bytes));
}

}  // namespace

std::optional<process_directory> process_directory::open(std::int64_t pid) {
    const std::string path = "/proc/" + std::to_string(pid);
    process_directory process;
    process.pid = pid;
    process.directory.reset(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!process.directory || ::fstat(process.directory.get(), &status) != 0) return std::nullopt;
    process.uid = status.st_uid;
    return process;
}

std::string process_directory::read(const char* name, std::size_t bytes_max) const {
    const unique_fd file(::openat(directory.get(), name, O_RDONLY | O_CLOEXEC));
    std::string content(bytes_max, '\0');
    std::size_t bytes = 0;
    while (file && bytes < bytes_max) {
        const ssize_t got = ::read(file.get(), content.data() + bytes, bytes_max - bytes);
        if (got <= 0) break;
        bytes += static_cast<std::size_t>(got);
    }
    content.resize(bytes);
    return content;
}

std::string process_directory::link(const char* name) const {
    return read_link(directory.get(), name);
}

directory_names::directory_names(int fd, const char* path) {
    unique_fd own(::openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return;
    directory_.reset(::fdopendir(own.get()));
    if (directory_) static_cast<void>(own.release());
}

const dirent* directory_names::next() {
    while (directory_) {
        const dirent* entry = ::readdir(directory_.get());
        if (entry == nullptr) return nullptr;
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
            return entry;
    }
    return nullptr;
}

std::string directory_names::link(const char* name) const {
    return directory_ ? read_link(::dirfd(directory_.get()), name) : std::string();
}

std::optional<std::int64_t> parse_pid(std::string_view name) {
    const auto pid = parse_whole<std::int64_t>(name);
    return pid && *pid > 0 ? pid : std::nullopt;
}

std::optional<std::uint64_t> number_in_link(std::string_view link, std::string_view kind) {
    if (link.size() < kind.size() + 3 || !link.starts_with(kind) || !link.ends_with(']') ||
        link.substr(kind.size(), 2) != ":[")
        return std::nullopt;
    return parse_whole<std::uint64_t>(link.substr(kind.size() + 2, link.size() - kind.size() - 3));
}

std::string name_of(const process_directory& process) {
    constexpr std::size_t comm_file_bytes_max = 64;
    constexpr std::size_t command_line_bytes_max = 4096;  // options before the script, not its own
    constexpr std::string_view deleted = " (deleted)";
    std::string comm = process.read("comm", comm_file_bytes_max);
    if (comm.ends_with('\n')) comm.pop_back();
    std::string executable = process.link("exe");
    if (executable.ends_with(deleted)) executable.resize(executable.size() - deleted.size());
    executable.erase(0, executable.rfind('/') + 1);

    std::vector<std::string> arguments;
    const std::string command_line = process.read("cmdline", command_line_bytes_max);
    for (std::size_t start = 0; start < command_line.size();) {
        const std::size_t end = std::min(command_line.find('\0', start), command_line.size());
        arguments.push_back(command_line.substr(start, end - start));
        start = end + 1;
    }
    return process_name(comm, executable, arguments);
}

}  // namespace tallyfs::proxy
