// A log that grows under its readers: whole lines, no NUL, nothing that had been there missing.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <sys/mman.h>

#include <fcntl.h>
#include <iostream>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

/// Lines that know their number and length: "17 xxx…\n".
std::string line_of(unsigned number) {
    std::string line = std::to_string(number) + " ";
    line.append(number % 7 == 0 ? 3000 : 100 + number % 400, 'x');
    return line + "\n";
}

/// What is wrong with a text that should be lines 0, 1, 2 …; empty if nothing is.
std::string fault_in(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return "a NUL byte";
    if (!text.empty() && text.back() != '\n') return "a torn line at the end";
    unsigned number = 0;
    while (!text.empty()) {
        const auto expected = line_of(number);
        if (!text.starts_with(expected)) return "line " + std::to_string(number) + " is not whole";
        text.remove_prefix(expected.size());
        ++number;
    }
    return {};
}

/// Counts and keeps the first fault that any reader finds.
class faults {
  public:
    void check(const std::string& who, std::string_view text) {
        ++reads_;
        if (const auto fault = fault_in(text); !fault.empty()) add(who + ": " + fault);
    }
    void add(const std::string& fault) {
        const std::lock_guard lock(mutex_);
        if (first_.empty()) first_ = fault;
        ++count_;
    }
    [[nodiscard]] std::string first() const { return first_; }
    [[nodiscard]] int count() const { return count_; }
    [[nodiscard]] std::uint64_t reads() const { return reads_; }

  private:
    std::mutex mutex_;
    std::string first_;
    int count_ = 0;
    std::atomic<std::uint64_t> reads_{0};
};

void read_in_a_loop(const mounted_tree& mounted, std::size_t buffer,
                    const std::atomic<bool>& ending, faults& found) {
    while (!ending) {
        const auto before = mounted.growing.bytes();
        const auto text = read_through(mounted.path("logs/today.jsonl"), buffer);
        found.check("read of " + std::to_string(buffer), text);
        if (text.size() < before) found.add("lines that had been appended are missing");
    }
}

void stat_in_a_loop(const mounted_tree& mounted, const std::atomic<bool>& ending, faults& found) {
    std::uint64_t last = 0;
    while (!ending) {
        const auto before = mounted.growing.bytes();
        const auto size = stat_size(mounted.path("logs/today.jsonl"));
        if (size < before || size < last) found.add("stat shows an old size");
        last = size;
    }
}

void map_in_a_loop(const mounted_tree& mounted, const std::atomic<bool>& ending, faults& found) {
    while (!ending) {
        const unique_fd file(::open(mounted.path("logs/today.jsonl").c_str(), O_RDONLY));
        const auto size = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END));
        if (size == 0) continue;
        void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
        found.check("mmap", {static_cast<const char*>(bytes), size});
        ::munmap(bytes, size);
    }
}

/// Follows from one open file, as tail does.
void follow(const mounted_tree& mounted, const std::atomic<bool>& ending, faults& found) {
    const unique_fd file(::open(mounted.path("logs/today.jsonl").c_str(), O_RDONLY));
    std::string text;
    while (!ending) text += read_rest(file.get(), 8192);
    found.check("follow", text);
}

void press_page_cache(const mounted_tree& mounted, const std::atomic<bool>& ending) {
    const unique_fd file(::open(mounted.path("logs/today.jsonl").c_str(), O_RDONLY));
    while (!ending) {
        ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
        ::usleep(2000);
    }
}

}  // namespace

TEST_CASE("readers of a growing log never see a NUL, a torn line or an old size") {
    if (!can_mount()) return;
    mounted_tree mounted;
    faults found;
    std::atomic<bool> ending{false};
    std::vector<std::thread> threads;
    const auto start = [&](auto work) {
        threads.emplace_back([&found, work] {
            try {
                work();
            } catch (const std::exception& failure) {
                found.add(failure.what());
            }
        });
    };
    for (const std::size_t buffer : {1000UL, 4096UL, 65'536UL, 1UL << 20}) {
        start([&, buffer] { read_in_a_loop(mounted, buffer, ending, found); });
    }
    start([&] { stat_in_a_loop(mounted, ending, found); });
    start([&] { map_in_a_loop(mounted, ending, found); });
    start([&] { follow(mounted, ending, found); });
    start([&] { press_page_cache(mounted, ending); });
    for (unsigned number = 0; number < 10'000; ++number) {
        mounted.growing.append(line_of(number));
        if (number % 50 == 0) mounted.mount->logs_changed();
        // Until somebody has read in between now and then, so that the two really meet.
        for (const auto reads = found.reads(); number % 100 == 0 && found.reads() == reads;) {
            std::this_thread::yield();
        }
    }
    ending = true;
    for (auto& thread : threads) thread.join();
    INFO(found.count() << " faults in " << found.reads() << " reads of the whole file");
    CHECK(found.first().empty());
    CHECK(found.reads() > 100);
    CHECK(fault_in(read_through(mounted.path("logs/today.jsonl"))).empty());
}

TEST_CASE("a line that has been appended is there for the next stat and the next reader") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/today.jsonl");
    std::string expected;
    const unique_fd held(::open(path.c_str(), O_RDONLY));
    std::string followed;
    for (unsigned number = 0; number < 3000; ++number) {
        const auto line = std::to_string(number) + "\n";
        mounted.growing.append(line);
        expected += line;
        switch (number % 4) {
            case 0:
                REQUIRE(stat_size(path) == expected.size());
                break;
            case 1:
                REQUIRE((read_through(path) == expected));
                break;
            case 2:
                REQUIRE(static_cast<std::size_t>(::lseek(held.get(), 0, SEEK_END)) ==
                        expected.size());
                break;
            default:
                break;
        }
        REQUIRE(::lseek(held.get(), static_cast<off_t>(followed.size()), SEEK_SET) >= 0);
        followed += read_rest(held.get());
        REQUIRE(followed.size() == expected.size());
    }
    CHECK((followed == expected));
}

TEST_CASE("another process sees an appended line at once") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/today.jsonl");
    for (unsigned number = 0; number < 100; ++number) {
        mounted.growing.append(std::to_string(number) + "\n");
        REQUIRE(run_command("tail -n 1 " + path).output == std::to_string(number) + "\n");
        REQUIRE(run_command("stat -c %s " + path).output ==
                std::to_string(mounted.growing.bytes()) + "\n");
    }
}

TEST_CASE("a line that is still being written is not shown") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/today.jsonl");
    mounted.growing.append("whole\n");
    const unique_fd file(::open(mounted.growing.path().c_str(), O_WRONLY | O_APPEND));
    REQUIRE(::write(file.get(), "half", 4) == 4);
    CHECK(read_through(path) == "whole\n");
    CHECK(stat_size(path) == 6);
}

TEST_CASE("when a log is closed its name leads to a new node with the same inode number") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/today.jsonl");
    mounted.growing.append("first\n");
    const unique_fd before(::open(path.c_str(), O_RDONLY));
    mounted.growing.append("last\n");
    mounted.growing.close();
    CHECK(read_through(path) == "first\nlast\n");
    CHECK(read_rest(before.get()) == "first\nlast\n");
    CHECK(run_command("stat -c %i " + path).output ==
          std::to_string(tree::inode_of("/logs/today.jsonl")) + "\n");
}

TEST_CASE("a log whose file is deleted gives no stale bytes to who opens it") {
    if (!can_mount()) return;
    mounted_tree mounted;
    const auto path = mounted.path("logs/yesterday.jsonl");
    const unique_fd before(::open(path.c_str(), O_RDONLY));
    std::filesystem::remove(mounted.closed.path());
    CHECK((read_rest(before.get()) == numbered_text(300'000)));
    const unique_fd none(before.get() >= 0 ? ::dup(before.get()) : -1);
    CHECK(open_error(mounted.path("logs/nothing")) == ENOENT);
}

// Run by hand: test_mount "[.race]". Two readers at the very end of a log, for a minute.
TEST_CASE("the end of a log holds whole lines at every moment", "[.race]") {
    if (!can_mount()) return;
    mounted_tree mounted;
    std::atomic<bool> ending{false};
    std::atomic<std::uint64_t> reads{0};
    std::atomic<std::uint64_t> zeros{0};
    std::atomic<std::uint64_t> torn{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 2; ++reader) {
        readers.emplace_back([&] {
            const unique_fd file(::open(mounted.path("logs/today.jsonl").c_str(), O_RDONLY));
            std::string buffer(1 << 16, '\0');
            off_t end = 0;
            while (!ending) {
                const auto got = ::pread(file.get(), buffer.data(), buffer.size(), end);
                ++reads;
                if (got <= 0) continue;
                const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
                if (text.find('\0') != std::string_view::npos) ++zeros;
                if (text.size() < buffer.size() && text.back() != '\n') ++torn;
                end += got;
            }
        });
    }
    unsigned number = 0;
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
         std::chrono::steady_clock::now() < end; ++number) {
        mounted.growing.append(line_of(number % 1000));
        for (const auto before = reads.load(); reads < before + 1;) std::this_thread::yield();
    }
    ending = true;
    for (auto& reader : readers) reader.join();
    std::cout << number << " appends, " << reads << " reads, " << zeros << " with NUL, " << torn
              << " torn\n";
    CHECK(zeros == 0);
    CHECK(torn == 0);
}
