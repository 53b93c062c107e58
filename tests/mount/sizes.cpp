// The size that stat tells is the size that every way of reading gives.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

std::string map_whole(const std::string& path) {
    const unique_fd file(::open(path.c_str(), O_RDONLY));
    const std::size_t size = stat_size(path);
    if (size == 0) return {};
    void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    REQUIRE(bytes != MAP_FAILED);
    std::string text(static_cast<const char*>(bytes), size);
    ::munmap(bytes, size);
    return text;
}

std::string send_whole(const std::string& path, const std::filesystem::path& scratch) {
    const unique_fd from(::open(path.c_str(), O_RDONLY));
    const unique_fd to(::open(scratch.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    while (::sendfile(to.get(), from.get(), nullptr, 1 << 20) > 0) {
    }
    REQUIRE(::lseek(to.get(), 0, SEEK_SET) == 0);
    return read_rest(to.get());
}

void check_every_way(const mounted_tree& mounted, const std::string& name,
                     const std::string& expected) {
    INFO(name << " of " << expected.size() << " bytes");
    const std::string path = mounted.path(name);
    CHECK(stat_size(path) == expected.size());
    for (const std::size_t buffer : {1UL, 4096UL, 131'072UL, 1UL << 20}) {
        if (buffer == 1 && expected.size() > 5000) continue;
        CHECK((read_through(path, buffer) == expected));
    }
    CHECK((map_whole(path) == expected));
    CHECK((send_whole(path, mounted.directory.path() / "sent") == expected));
    CHECK((run_command("cat " + path).output == expected));
    CHECK(run_command("wc -c < " + path).output == std::to_string(expected.size()) + "\n");
}

}  // namespace

TEST_CASE("a file has the size that every way of reading gives") {
    if (!can_mount()) return;
    mounted_tree mounted;
    for (const std::size_t bytes : {0UL, 1UL, 4095UL, 4096UL, 4097UL, 131'072UL, 1'234'567UL}) {
        const auto text = numbered_text(bytes);
        mounted.texts->set("text", text);
        check_every_way(mounted, "texts/text", text);
    }
    check_every_way(mounted, "logs/yesterday.jsonl", numbered_text(300'000));
    check_every_way(mounted, "logs/today.jsonl", "");
    std::string log;
    for (int line = 0; line < 50; ++line) {
        const auto text = std::string(static_cast<std::size_t>(line) * 97, 'x') + "\n";
        mounted.growing.append(text);
        log += text;
        check_every_way(mounted, "logs/today.jsonl", log);
    }
}

TEST_CASE("attributes are those of a file on a disk") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", numbered_text(5000));
    struct stat status {};
    REQUIRE(::stat(mounted.path("texts/text").c_str(), &status) == 0);
    CHECK(status.st_mode == (S_IFREG | 0444));
    CHECK(status.st_blocks == 16);
    CHECK(status.st_nlink == 1);
    CHECK(status.st_uid == ::getuid());
    CHECK(status.st_ino == tree::inode_of("/texts/text"));
    CHECK(status.st_mtim.tv_sec == 1'700'000'001);
    REQUIRE(::stat(mounted.path("texts").c_str(), &status) == 0);
    CHECK(status.st_mode == (S_IFDIR | 0555));
    CHECK(status.st_ino == tree::inode_of("/texts"));
    CHECK(status.st_mtim.tv_sec == 1'700'000'000);
    REQUIRE(::stat(mounted.path("").c_str(), &status) == 0);
    CHECK(status.st_ino == 1);
    CHECK(status.st_mtim.tv_sec == 1'700'000'000);
    REQUIRE(::lstat(mounted.path("latest").c_str(), &status) == 0);
    CHECK(S_ISLNK(status.st_mode));
    CHECK(status.st_size == 11);
}

TEST_CASE("an inode number stays when the content changes") {
    if (!can_mount()) return;
    mounted_tree mounted;
    struct stat before {};
    struct stat after {};
    mounted.texts->set("text", "one");
    REQUIRE(::stat(mounted.path("texts/text").c_str(), &before) == 0);
    mounted.texts->set("text", "three");
    REQUIRE(::stat(mounted.path("texts/text").c_str(), &after) == 0);
    CHECK(after.st_size == 5);
    CHECK(after.st_ino == before.st_ino);
    CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec + 1);
}
