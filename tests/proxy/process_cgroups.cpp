#include "proxy/cgroup_tree.hpp"
#include "proxy/process_support.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using tallyfs::proxy::cgroup_tree;
using tallyfs::proxy::process_finder;
using tallyfs::test::child_process;
using tallyfs::test::find;
using tallyfs::test::listening_socket;

std::filesystem::path version_2_tree() {
    std::ifstream mounts("/proc/mounts");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields(line);
        std::string device;
        std::string mount_point;
        std::string type;
        fields >> device >> mount_point >> type;
        if (type == "cgroup2") return mount_point;
    }
    return {};
}

/// A control group that looks like a unit's, gone when the test ends.
class unit_group {
  public:
    unit_group() : name_("tallyfs-test-" + std::to_string(::getpid()) + ".service") {
        const auto tree = version_2_tree();
        if (tree.empty()) return;
        path_ = tree / name_;
        made_ = ::mkdir(path_.c_str(), 0755) == 0;
    }
    unit_group(const unit_group&) = delete;
    unit_group& operator=(const unit_group&) = delete;
    ~unit_group() {
        if (made_) ::rmdir(path_.c_str());
    }
    [[nodiscard]] bool is_made() const { return made_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string members_file() const { return path_ / "cgroup.procs"; }
    [[nodiscard]] std::uint64_t id() const {
        struct stat status {};
        tallyfs::test::check(::stat(path_.c_str(), &status) == 0, "stat");
        return status.st_ino;
    }

  private:
    std::string name_;
    std::filesystem::path path_;
    bool made_ = false;
};

}  // namespace

TEST_CASE("a client in a unit's control group is known by the unit") {
    process_finder finder;
    const listening_socket listener("127.0.0.1");
    {
        // The finder has read the tree before the group is made.
        const auto client = tallyfs::test::connect_to("127.0.0.1", listener.port());
        REQUIRE(find(finder, listener.accept().ends));
    }
    const unit_group group;
    if (!group.is_made()) {
        WARN("skipped: control groups cannot be made here");
        return;
    }
    const child_process client(
        {"bash", "-c", "echo $$ >$1; while read line; do exec 3<>/dev/tcp/127.0.0.1/$2; done", "-",
         group.members_file(), std::to_string(listener.port())});
    // The tree is read again for a new group after a quarter of a second at the latest.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::optional<tallyfs::proxy::local_process> found;
    do {
        client.say("next");
        found = find(finder, listener.accept().ends);
        REQUIRE(found);
        CHECK(found->pid == client.pid());
    } while (found->cgroup.empty() && std::chrono::steady_clock::now() < deadline);
    CHECK(found->cgroup == group.name());
}

TEST_CASE("a control group is found by its id, with the processes in it") {
    const unit_group group;
    if (!group.is_made()) {
        WARN("skipped: control groups cannot be made here");
        return;
    }
    const child_process member({"bash", "-c", "read line"});
    std::ofstream(group.members_file()) << member.pid() << std::flush;
    cgroup_tree tree;
    const auto path = tree.path(group.id());
    REQUIRE(path);
    CHECK(*path == "/" + group.name());
    CHECK(tree.processes(*path) == std::vector<std::int64_t>{member.pid()});
    CHECK(tree.path(~std::uint64_t{0}) == std::nullopt);
    CHECK(tree.processes("/no-such-group").empty());
}
