// What would change the tree is refused, with the errno of a read-only file system.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <fcntl.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

int error_of(int returned) {
    return returned < 0 ? errno : 0;
}

}  // namespace

TEST_CASE("files cannot be written") {
    if (!can_mount_as_root()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "bytes");
    for (const char* name : {"texts/text", "logs/today.jsonl", "logs/yesterday.jsonl"}) {
        const auto path = mounted.path(name);
        CHECK(open_error(path, O_WRONLY) == EROFS);
        CHECK(open_error(path, O_RDWR) == EROFS);
        CHECK(open_error(path, O_WRONLY | O_APPEND) == EROFS);
        CHECK(open_error(path, O_WRONLY | O_TRUNC) == EROFS);
        CHECK(error_of(::truncate(path.c_str(), 0)) == EROFS);
        CHECK(error_of(::chmod(path.c_str(), 0600)) == EROFS);
        CHECK(error_of(::chown(path.c_str(), 1, 1)) == EROFS);
        CHECK(error_of(::utimensat(AT_FDCWD, path.c_str(), nullptr, 0)) == EROFS);
        CHECK(error_of(::setxattr(path.c_str(), "user.a", "b", 1, 0)) == EROFS);
        CHECK(error_of(::removexattr(path.c_str(), "user.a")) == EROFS);
        CHECK(error_of(::unlink(path.c_str())) == EROFS);
        CHECK(error_of(::rename(path.c_str(), mounted.path("texts/other").c_str())) == EROFS);
        CHECK(error_of(::link(path.c_str(), mounted.path("texts/other").c_str())) == EROFS);
    }
}

TEST_CASE("nothing can be created or removed") {
    if (!can_mount_as_root()) return;
    mounted_tree mounted;
    CHECK(open_error(mounted.path("texts/new"), O_WRONLY | O_CREAT) == EROFS);
    CHECK(error_of(::mkdir(mounted.path("new").c_str(), 0700)) == EROFS);
    CHECK(error_of(::rmdir(mounted.path("texts").c_str())) == EROFS);
    CHECK(error_of(::mknod(mounted.path("new").c_str(), S_IFIFO | 0600, 0)) == EROFS);
    CHECK(error_of(::symlink("target", mounted.path("new").c_str())) == EROFS);
    CHECK(error_of(::unlink(mounted.path("latest").c_str())) == EROFS);
}

TEST_CASE("there are no extended attributes, which programs accept") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "bytes");
    const auto path = mounted.path("texts/text");
    char value[16];
    CHECK(error_of(static_cast<int>(::getxattr(path.c_str(), "user.a", value, 16))) == ENOTSUP);
    const auto listed = ::listxattr(path.c_str(), value, sizeof value);
    CHECK((listed == 0 || errno == ENOTSUP));
}

TEST_CASE("others than the owner may not write either, and root may look at everything") {
    if (!can_mount_as_root()) return;
    mounted_tree mounted([](fuse::mount_options& options) { options.allow_other = true; });
    mounted.texts->set("text", "bytes");
    REQUIRE(::chmod(mounted.directory.path().c_str(), 0755) == 0);
    const auto as_nobody = [&](const std::string& command) {
        return run_command("setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '" + command +
                           "'");
    };
    const auto path = mounted.path("texts/text");
    CHECK(as_nobody("cat " + path).output == "bytes");
    CHECK(as_nobody("test -w " + path).exit_code == 1);
    CHECK(as_nobody("echo x > " + path).output.find("Permission denied") != std::string::npos);
    CHECK(as_nobody("mkdir " + mounted.path("new")).output.find("Permission denied") !=
          std::string::npos);
}

TEST_CASE("without allow_other the mount is its owner's alone") {
    if (!can_mount_as_root()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "bytes");
    REQUIRE(::chmod(mounted.directory.path().c_str(), 0755) == 0);
    const auto result = run_command("setpriv --reuid=65534 --regid=65534 --clear-groups cat " +
                                    mounted.path("texts/text"));
    CHECK(result.exit_code != 0);
}

TEST_CASE("the file system describes itself") {
    if (!can_mount()) return;
    mounted_tree mounted([](fuse::mount_options& options) { options.name = "tally-test"; });
    struct statvfs status {};
    REQUIRE(::statvfs(mounted.path("").c_str(), &status) == 0);
    CHECK(status.f_namemax == 255);
    const auto listed = run_command("df -a --output=source,fstype " + mounted.path(""));
    CHECK(listed.output.find("tally-test") != std::string::npos);
    CHECK(listed.output.find("fuse.tallyfs") != std::string::npos);
}
