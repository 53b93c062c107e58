#include "proxy/process_support.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>

#include <fcntl.h>
#include <iostream>

namespace {

using tallyfs::proxy::process_finder;
using tallyfs::test::child_process;
using tallyfs::test::find;
using tallyfs::test::listening_socket;

constexpr const char* host_address = "198.18.77.1";  // of the range for tests (RFC 2544)
constexpr const char* container_address = "198.18.77.2";

bool run(const std::string& command) {
    return std::system((command + " 2>&1").c_str()) == 0;
}

/// A shell in a network namespace of its own, wired to ours by a veth: as containers are.
class namespace_shell {
  public:
    namespace_shell()
        : shell_({"unshare", "--net", "bash", "-c", "while read line; do eval \"$line\"; done"}) {}
    /// Whether the host permits all this.
    [[nodiscard]] bool wire() {
        const std::string pid = std::to_string(shell_.pid());
        name_ = "tf" + pid.substr(0, 8);
        if (!wait_for_namespace()) return false;
        if (!run("ip link add " + name_ + " type veth peer name inner netns " + pid)) return false;
        if (!run("ip addr add " + std::string(host_address) + "/30 dev " + name_)) return false;
        if (!run("ip link set " + name_ + " up")) return false;
        shell_.say("ip link set lo up; ip link set inner up");
        shell_.say("ip addr add " + std::string(container_address) + "/30 dev inner");
        return true;
    }
    namespace_shell(const namespace_shell&) = delete;
    namespace_shell& operator=(const namespace_shell&) = delete;
    ~namespace_shell() {
        if (!name_.empty()) run("ip link del " + name_ + " >/dev/null");
    }
    [[nodiscard]] const child_process& shell() const { return shell_; }

  private:
    [[nodiscard]] bool wait_for_namespace() const {
        struct stat own {};
        struct stat other {};
        const std::string path = "/proc/" + std::to_string(shell_.pid()) + "/ns/net";
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < deadline) {
            if (::stat("/proc/self/ns/net", &own) == 0 && ::stat(path.c_str(), &other) == 0 &&
                own.st_ino != other.st_ino)
                return true;
            if (::waitpid(shell_.pid(), nullptr, WNOHANG) != 0) return false;
            std::this_thread::yield();
        }
        return false;
    }
    child_process shell_;
    std::string name_;
};

}  // namespace

TEST_CASE("a client in another network namespace is found") {
    if (::getuid() != 0) {
        WARN("skipped: only root can make a network namespace that is wired to this host");
        return;
    }
    namespace_shell container;
    if (!container.wire()) {
        WARN("skipped: this host does not permit network namespaces with a veth");
        return;
    }
    process_finder finder;
    const listening_socket listener(host_address);
    std::vector<double> times_us;
    for (int i = 0; i < 20; ++i) {
        container.shell().say("exec 3<>/dev/tcp/" + std::string(host_address) + "/" +
                              std::to_string(listener.port()));
        const auto connection = listener.accept();
        CHECK(connection.ends.peer_address == container_address);
        const auto start = std::chrono::steady_clock::now();
        const auto found = find(finder, connection.ends);
        const std::chrono::duration<double, std::micro> time =
            std::chrono::steady_clock::now() - start;
        times_us.push_back(time.count());
        REQUIRE(found);
        CHECK(found->uid == 0U);
        CHECK(found->pid == container.shell().pid());
        CHECK(found->name == "bash");
    }
    std::sort(times_us.begin(), times_us.end());
    std::cout << "look-up in another network namespace: median " << times_us[times_us.size() / 2]
              << " us, first and slowest " << times_us.back() << " us\n";

    // The thread is back where it belongs.
    const listening_socket at_home("127.0.0.1");
    const auto client = tallyfs::test::connect_to("127.0.0.1", at_home.port());
    const auto found = find(finder, at_home.accept().ends);
    REQUIRE(found);
    CHECK(found->pid == ::getpid());

    // Nothing is invented for a peer of that network without a connection.
    CHECK_FALSE(find(finder, {container_address, 4711, host_address, listener.port()}));
}
