// Rendered files: one rendering for each open, the current one for a new open.
#include "fuse/inode_table.hpp"
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE("a file opened before a change reads to its end as it was") {
    if (!can_mount()) return;
    mounted_tree mounted;
    for (unsigned round = 0; round < 40; ++round) {
        const auto before = numbered_text(200'000 + round * 1000, 2 * round);
        const auto after = numbered_text(150'000 + round * 1500, 2 * round + 1);
        mounted.texts->set("text", before);
        const unique_fd file(::open(mounted.path("texts/text").c_str(), O_RDONLY));
        REQUIRE(file);
        std::string start(5000, '\0');
        REQUIRE(::read(file.get(), start.data(), start.size()) == 5000);
        mounted.texts->set("text", after);
        REQUIRE((read_through(mounted.path("texts/text")) == after));
        REQUIRE((start + read_rest(file.get()) == before));
        struct stat status {};
        REQUIRE(::fstat(file.get(), &status) == 0);
        REQUIRE(static_cast<std::size_t>(status.st_size) == before.size());
    }
}

TEST_CASE("no reader ever sees two renderings mixed while the file changes all the time") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", numbered_text(100'000, 0));
    std::atomic<bool> ending{false};
    std::thread writer([&] {
        for (unsigned seed = 1; !ending; ++seed) {
            mounted.texts->set("text", numbered_text(80'000 + seed % 50'000, seed));
        }
    });
    std::vector<std::thread> readers;
    std::atomic<int> mixed{0};
    std::atomic<int> stale{0};
    std::atomic<int> read_whole{0};
    for (int reader = 0; reader < 4; ++reader) {
        readers.emplace_back([&] {
            for (int round = 0; round < 150; ++round) {
                try {
                    const auto text = read_through(mounted.path("texts/text"), 16'384);
                    const auto seed = static_cast<unsigned>(std::stoul(text));
                    if (text != numbered_text(text.size(), seed)) ++mixed;
                    ++read_whole;
                } catch (const std::system_error& failure) {
                    ++stale;
                }
            }
        });
    }
    for (auto& reader : readers) reader.join();
    ending = true;
    writer.join();
    CHECK(mixed == 0);
    CHECK(stale == 0);
    CHECK(read_whole == 600);
}

TEST_CASE("what was changed before a file is opened is in it") {
    if (!can_mount()) return;
    mounted_tree mounted;
    for (unsigned round = 0; round < 500; ++round) {
        const auto text = "round " + std::to_string(round) + "\n";
        mounted.texts->set("text", text);
        REQUIRE(stat_size(mounted.path("texts/text")) == text.size());
        REQUIRE(read_through(mounted.path("texts/text")) == text);
        mounted.day = static_cast<int>(round);
        mounted.views.next_moment();
        REQUIRE(std::filesystem::read_symlink(mounted.path("latest")) ==
                "texts/day-" + std::to_string(round));
    }
}

TEST_CASE("a version is rendered once, however often it is read") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "some text");
    for (int round = 0; round < 20; ++round) {
        CHECK(read_through(mounted.path("texts/text")) == "some text");
        mounted.views.next_moment();  // something else changed
        CHECK(run_command("ls -l " + mounted.path("texts")).exit_code == 0);
    }
    CHECK(mounted.texts->rendered() == 1);
}

TEST_CASE("bytes that were dropped are rendered again for the same version") {
    if (!can_mount()) return;
    mounted_tree mounted([](fuse::mount_options& options) { options.rendered_bytes_max = 1; });
    for (const char* name : {"a", "b", "c"}) mounted.texts->set(name, std::string("text ") + name);
    for (int round = 0; round < 10; ++round) {
        for (const char* name : {"a", "b", "c"}) {
            CHECK(read_through(mounted.path(std::string("texts/") + name)) ==
                  std::string("text ") + name);
        }
    }
    CHECK(mounted.texts->rendered() > 3);
}

TEST_CASE("a name that does not exist is looked for again each time") {
    if (!can_mount()) return;
    mounted_tree mounted;
    for (int round = 0; round < 50; ++round) {
        REQUIRE(open_error(mounted.path("texts/new")) == ENOENT);
        mounted.texts->set("new", "here");
        REQUIRE(open_error(mounted.path("texts/new")) == 0);
        mounted.texts->remove("new");
    }
    CHECK(open_error(mounted.path("texts/new/below")) == ENOENT);
}

TEST_CASE("views that cannot catch up give EAGAIN, never an old number") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "old");
    CHECK(read_through(mounted.path("texts/text")) == "old");
    mounted.texts->set("text", "new");
    mounted.views.set_current(false);
    CHECK(open_error(mounted.path("texts/text")) == EAGAIN);
    CHECK(open_error(mounted.path("texts/other")) == EAGAIN);
    CHECK(open_error(mounted.path("texts"), O_DIRECTORY) == EAGAIN);
    mounted.growing.append("line\n");
    CHECK(read_through(mounted.path("logs/today.jsonl")) == "line\n");
    CHECK(open_error(mounted.path("logs/other")) == ENOENT);
    mounted.views.set_current(true);
    CHECK(read_through(mounted.path("texts/text")) == "new");
}

TEST_CASE("a rendering that fails is an error to the reader and to nobody else") {
    if (!can_mount()) return;
    mounted_tree mounted({}, [](tree::fixed_directory& root) {
        root.add("broken", [] {
            return tree::node{
                tree::text_file{1, []() -> std::string { throw std::runtime_error("broken"); }},
                {}};
        });
    });
    mounted.texts->set("text", "fine");
    CHECK(open_error(mounted.path("broken")) == EIO);
    CHECK(read_through(mounted.path("texts/text")) == "fine");
}

TEST_CASE("numbers of old renderings are forgotten") {
    if (!can_mount()) return;
#ifdef __SANITIZE_ADDRESS__
    std::puts("skipped: resident memory, AddressSanitizer keeps what was freed for a while");
    return;
#endif
    mounted_tree mounted(
        [](fuse::mount_options& options) { options.rendered_bytes_max = 1 << 20; });
    const auto resident_pages = [] {
        std::size_t total = 0;
        std::size_t resident = 0;
        FILE* file = std::fopen("/proc/self/statm", "re");
        REQUIRE(std::fscanf(file, "%zu %zu", &total, &resident) == 2);
        std::fclose(file);
        return resident;
    };
    std::size_t after_warm_up = 0;
    for (unsigned version = 0; version < 100'000; ++version) {
        mounted.texts->set("text", "version " + std::to_string(version));
        static_cast<void>(stat_size(mounted.path("texts/text")));
        if (version == 50'000) after_warm_up = resident_pages();
    }
    const auto grown = static_cast<long>(resident_pages()) - static_cast<long>(after_warm_up);
    INFO("pages more after 50,000 versions more: " << grown);
    CHECK(grown < 500);
}

TEST_CASE("the table of inodes holds what the kernel holds and no more") {
    fuse::inode_table inodes(std::make_shared<tree::fixed_directory>());
    for (int number = 0; number < 10'000; ++number) {
        const auto node = inodes.intern(inodes.root(), "text", "key" + std::to_string(number),
                                        [](fuse::inode&) {});
        inodes.remember(node);
        inodes.remember(node);
        REQUIRE(inodes.find(node->number) == node);
        inodes.forget(node->number, 1);
        REQUIRE(inodes.find(node->number) == node);
        inodes.forget(node->number, 1);
        REQUIRE(inodes.find(node->number) == nullptr);
    }
    CHECK(inodes.held() == 0);
    CHECK(inodes.keys() < 3000);
    inodes.forget(1, 100);
    CHECK(inodes.find(1) == inodes.root());
}
