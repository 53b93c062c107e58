// The mount of an ordinary user, through fusermount3: run in a mount namespace of its own in which
// /dev/fuse may be used by everyone, as it is on a usual machine.
#include "fuse/mount_table.hpp"
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <tallyfs/base/error.hpp>

#include <fcntl.h>
#include <iostream>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

// Started by the test below, as the user.
TEST_CASE("an ordinary user mounts", "[.user]") {
    mounted_tree mounted;
    mounted.texts->set("text", numbered_text(200'000));
    CHECK((read_through(mounted.path("texts/text")) == numbered_text(200'000)));
    CHECK((read_through(mounted.path("logs/yesterday.jsonl")) == numbered_text(300'000)));
    for (int line = 0; line < 200; ++line) {
        mounted.growing.append("line\n");
        REQUIRE(stat_size(mounted.path("logs/today.jsonl")) == mounted.growing.bytes());
    }
    CHECK_FALSE(mounted.mount->passthrough_active());
    CHECK(open_error(mounted.path("texts/text"), O_WRONLY) == EACCES);
    const unique_fd held(::open(mounted.path("texts/text").c_str(), O_RDONLY));
    mounted.mount->stop();
    CHECK_FALSE(fuse::top_mount(mounted.directory.path() / "mnt"));

    fuse::mount_options options;
    options.mountpoint = mounted.directory.path() / "mnt";
    options.allow_other = true;
    std::string why;
    try {
        fuse::mount refused(options, mounted.root, mounted.views);
    } catch (const startup_error& failure) {
        why = failure.what();
    }
    CHECK(why.find("user_allow_other") != std::string::npos);
    options.allow_other = false;
    options.mountpoint = "/usr/share/empty-of-somebody-else";
    CHECK_THROWS_AS(fuse::mount(options, mounted.root, mounted.views), startup_error);
    std::cout << "mounted as user " << ::getuid() << "\n";
}

// Started by the test below, as the user, after its daemon was killed.
TEST_CASE("an ordinary user recovers a dead mount", "[.user-recover]") {
    const char* mountpoint = ::getenv("TALLYFS_TEST_MOUNTPOINT");
    REQUIRE(mountpoint != nullptr);
    CHECK(fuse::recover_stale_mount(mountpoint));
    CHECK_FALSE(fuse::top_mount(std::filesystem::path(mountpoint)));
    std::cout << "recovered as user " << ::getuid() << "\n";
}

TEST_CASE("ordinary users mount and recover through fusermount3") {
    if (!can_mount_as_root()) return;
    if (run_command("command -v fusermount3 unshare setpriv").exit_code != 0) {
        std::cout << "skipped: fusermount3, unshare or setpriv is missing\n";
        return;
    }
    if (run_command("grep -q '^user_allow_other' /etc/fuse.conf").exit_code == 0) {
        std::cout << "note: user_allow_other is set on this machine\n";
    }
    temporary_directory directory;
    const auto base = directory.path().string();
    const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
    // A shell for the steps, since namespace and user are those of a process and its children.
    const std::string script =
        "mknod " + base + "/fuse c 10 229 && chmod 666 " + base + "/fuse && chmod 755 " + base +
        " && mount --bind " + base + "/fuse /dev/fuse && mkdir " + base + "/tmp " + base +
        "/tmp/mnt && chown -R 65534:65534 " + base + "/tmp || exit 77\n" + "export TMPDIR=" + base +
        "/tmp TALLYFS_TEST_MOUNTPOINT=" + base + "/tmp/mnt\n" +
        "user=\"setpriv --reuid=65534 --regid=65534 --clear-groups " + program + "\"\n" +
        "$user '[.user]' || exit 1\n" + "mkfifo " + base + "/said && chmod 666 " + base +
        "/said\n" + "$user '[.daemon]' > " + base + "/said &\n" + "head -n 1 " + base + "/said > " +
        base + "/first\n" + "kill -9 $!; wait $! 2> /dev/null; $user '[.user-recover]'\n";
    const auto result = run_command("unshare -m --propagation private sh -c \"$(cat <<'END'\n" +
                                    script + "END\n)\"");
    INFO(result.output);
    if (result.exit_code == 77) {
        std::cout << "skipped: no user mount can be prepared here\n";
        return;
    }
    CHECK(result.exit_code == 0);
    CHECK(result.output.find("mounted as user 65534") != std::string::npos);
    CHECK(result.output.find("recovered as user 65534") != std::string::npos);
}
