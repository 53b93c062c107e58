#include "journal_fixture.hpp"

#include <tallyfs/journal/open_calls.hpp>

#include <sys/mount.h>

using namespace tallyfs;
using namespace tallyfs::test;

TEST_CASE_METHOD(journal_fixture,
                 "a failed write loses its line alone, and the next one is tried") {
    CHECK(append(*stream, "a"));
    const int error = GENERATE(ENOSPC, EIO, EDQUOT);
    disk.write_error = error;
    const auto failed = append(*stream, "lost");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().value() == error);
    auto status = stream->status();
    CHECK(status.failing);
    CHECK(status.lines_lost == 1);
    CHECK(status.last_error.find("2026-11-20.jsonl") != std::string::npos);
    disk.write_error = 0;
    CHECK(append(*stream, "b"));
    status = stream->status();
    CHECK_FALSE(status.failing);
    CHECK(status.lines_lost == 1);
    CHECK(read_lines(*stream) == strings{"a", "b"});
    CHECK(names().size() == 1);
}

TEST_CASE_METHOD(journal_fixture, "a short write is cut back to the last line") {
    CHECK(append(*stream, "a"));
    disk.write_bytes_max = 3;
    const auto failed = append(*stream, "too long for the rest of the disk");
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == boost::system::errc::no_space_on_device);
    CHECK(content_of(directory / "2026-11-20.jsonl") == "a\n");
    disk.write_bytes_max = -1;
    CHECK(append(*stream, "b"));
    CHECK(content_of(directory / "2026-11-20.jsonl") == "a\nb\n");
}

TEST_CASE_METHOD(journal_fixture, "where a short write cannot be cut back the segment is sealed") {
    CHECK(append(*stream, "a"));
    journal::reader reader(*stream);
    CHECK(read_lines(reader) == strings{"a"});
    disk.write_bytes_max = 3;
    disk.truncate_error = EIO;
    CHECK_FALSE(append(*stream, "lost"));
    disk.write_bytes_max = -1;
    disk.truncate_error = 0;
    CHECK(append(*stream, "b"));
    CHECK(content_of(directory / "2026-11-20.jsonl") == "a\nlos");
    CHECK(read_lines(reader) == strings{"b"});
    CHECK(read_lines(*stream) == strings{"a", "b"});
    const auto status = stream->status();
    CHECK(status.segments_sealed >= 1);
    CHECK(status.lines_lost == 1);
    start();
    CHECK(read_lines(*stream) == strings{"a", "b"});
}

TEST_CASE_METHOD(journal_fixture, "a line that seals its segment is taken by the next part") {
    struct broken_first_file final : journal::file_operations {
        int failures = 1;
        ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
            if (failures == 0) return file_operations::write(fd, data, bytes);
            errno = EIO;
            return -1;
        }
        int ftruncate(int, ::off_t) override {
            failures = 0;
            errno = EIO;
            return -1;
        }
    } broken;
    stream.reset();
    stream = std::make_unique<journal::stream>(directory, clock, &broken);
    const auto where = append(*stream, "a");
    REQUIRE(where);
    CHECK(where->segment.part == 2);
    CHECK(stream->status().lines_lost == 0);
}

TEST_CASE_METHOD(journal_fixture, "a write or sync that a signal interrupts is repeated") {
    struct interrupted_disk final : journal::file_operations {
        int interruptions = 0;
        bool interrupt() {
            errno = EINTR;
            return ++interruptions % 3 != 0;
        }
        ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
            return interrupt() ? -1 : file_operations::write(fd, data, bytes);
        }
        int fdatasync(int fd) override { return interrupt() ? -1 : file_operations::fdatasync(fd); }
    } interrupted;
    stream.reset();
    stream = std::make_unique<journal::stream>(directory, clock, &interrupted);
    CHECK(append(*stream, "a"));
    CHECK(stream->sync());
    CHECK(interrupted.interruptions == 6);
    CHECK(read_lines(*stream) == strings{"a"});
    CHECK(names().size() == 1);
}

TEST_CASE_METHOD(journal_fixture, "a failed sync seals the segment and begins a new part") {
    CHECK(append(*stream, "a"));
    disk.sync_error = EIO;
    const auto failed = stream->sync();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().value() == EIO);
    CHECK(stream->status().failing);
    CHECK(names() == strings{"2026-11-20.jsonl", "2026-11-20.2.jsonl"});
    disk.sync_error = 0;
    CHECK(append(*stream, "b"));
    CHECK(stream->sync());
    CHECK_FALSE(stream->status().failing);
    CHECK(stream->status().segments_sealed == 1);
    CHECK(read_lines(*stream) == strings{"a", "b"});
    CHECK(stream->segments()[0].closed);
}

TEST_CASE_METHOD(journal_fixture,
                 "an open segment that somebody deletes is replaced at the next sync") {
    CHECK(append(*stream, "gone"));
    std::filesystem::remove(directory / "2026-11-20.jsonl");
    CHECK_FALSE(stream->sync());
    CHECK(append(*stream, "kept"));
    CHECK(stream->sync());
    CHECK(content_of(directory / "2026-11-20.2.jsonl") == "kept\n");
    CHECK(read_lines(*stream) == strings{"kept"});
}

/// A sync fails while there is no directory for the next part. Returns where it is.
static std::filesystem::path seal_without_next(journal_fixture& with) {
    auto away = with.directory;
    away += ".away";
    with.disk.sync_error = EIO;
    std::filesystem::rename(with.directory, away);
    CHECK_FALSE(with.stream->sync());
    return away;
}

TEST_CASE_METHOD(journal_fixture, "a next part that cannot be created is tried again later") {
    CHECK(append(*stream, "a"));
    const auto away = seal_without_next(*this);
    CHECK_FALSE(append(*stream, "lost"));
    CHECK(stream->status().failing);
    CHECK(stream->segments().back().closed);
    disk.sync_error = 0;
    std::filesystem::rename(away, directory);
    stream->turn_day();
    CHECK(append(*stream, "b"));
    CHECK_FALSE(stream->segments().back().closed);
    CHECK(read_lines(*stream) == strings{"a", "b"});
    CHECK(stream->sync());
    CHECK_FALSE(stream->status().failing);
}

TEST_CASE_METHOD(journal_fixture, "a next part that is created later is no failure any more") {
    CHECK(append(*stream, "a"));
    const auto away = seal_without_next(*this);
    disk.sync_error = 0;
    std::filesystem::rename(away, directory);
    stream->turn_day();
    CHECK(stream->sync());
    CHECK_FALSE(stream->status().failing);
}

TEST_CASE_METHOD(journal_fixture, "a disk that always fails to sync does not fill the directory") {
    disk.sync_error = EIO;
    for (int i = 0; i < 1010; ++i) {
        CHECK(append(*stream, std::to_string(i)));
        CHECK_FALSE(stream->sync());
    }
    CHECK(stream->segments().size() == 1000);
    CHECK(read_lines(*stream).size() == 1010);
    CHECK(stream->status().failing);
}

TEST_CASE_METHOD(journal_fixture,
                 "a disk on which every part breaks loses lines until the day turns, and says so") {
    disk.write_bytes_max = 3;
    disk.truncate_error = EIO;
    for (int i = 0; i < 1010; ++i) CHECK_FALSE(append(*stream, "lost"));
    CHECK(stream->segments().size() == 1000);
    CHECK(stream->status().lines_lost == 1010);
    CHECK(stream->status().last_error.size() < 300);
    disk.write_bytes_max = -1;
    disk.truncate_error = 0;
    CHECK_FALSE(append(*stream, "lost as well"));
    CHECK(stream->status().last_error.find("1000 parts") != std::string::npos);
    clock.step_to(at("2026-11-21T12:00:00Z"));
    CHECK(append(*stream, "next day"));
    CHECK_FALSE(stream->status().failing);
    CHECK(read_lines(*stream) == strings{"next day"});
}

namespace {

/// A file system of 256 KiB of its own; empty where the test may not mount.
struct small_disk {
    explicit small_disk(std::filesystem::path at, const char* options = "size=256k")
        : path(std::move(at)) {
        std::filesystem::create_directories(path);
        mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, options) == 0;
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    ~small_disk() {
        if (mounted) ::umount2(path.c_str(), MNT_DETACH);
    }
    std::filesystem::path path;
    bool mounted = false;
};

}  // namespace

TEST_CASE_METHOD(journal_fixture, "on a disk that is really full no line is torn, and room helps") {
    const small_disk disk_of_256_kib(home.path() / "small");
    if (!disk_of_256_kib.mounted) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    journal::stream full(disk_of_256_kib.path / "calls", clock);
    const std::string line(1000, 'x');
    std::ofstream(disk_of_256_kib.path / "ballast") << std::string(100000, 'b');
    std::size_t appended = 0;
    while (append(full, line)) ++appended;
    CHECK(appended > 50);
    CHECK(full.status().failing);
    CHECK_FALSE(append(full, line));
    CHECK(std::filesystem::file_size(disk_of_256_kib.path / "calls/2026-11-20.jsonl") ==
          appended * 1001);
    std::filesystem::remove(disk_of_256_kib.path / "ballast");
    CHECK(append(full, "room again"));
    CHECK_FALSE(full.status().failing);
    CHECK(full.status().lines_lost == 2);
    CHECK(full.status().segments_sealed == 0);
    const auto lines = read_lines(full);
    CHECK(lines.size() == appended + 1);
    CHECK(lines.back() == "room again");
}

TEST_CASE_METHOD(journal_fixture,
                 "a day that cannot begin on a full disk begins once there is room") {
    // The root, the stream's directory, the first day and the ballast.
    const small_disk four_files(home.path() / "small", "nr_inodes=4");
    if (!four_files.mounted) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    journal::stream full(four_files.path / "calls", clock);
    CHECK(append(full, "on the 20th"));
    std::ofstream(four_files.path / "ballast") << "x";
    clock.step_to(at("2026-11-21T12:00:00Z"));
    full.turn_day();
    CHECK(full.status().failing);
    CHECK(full.status().last_error.find("2026-11-21.jsonl") != std::string::npos);
    CHECK_FALSE(append(full, "lost: the 20th is over"));
    CHECK(read_lines(full) == strings{"on the 20th"});
    std::filesystem::remove(four_files.path / "ballast");
    full.turn_day();
    CHECK(append(full, "on the 21st"));
    CHECK_FALSE(full.status().failing);
    CHECK(content_of(four_files.path / "calls/2026-11-20.jsonl") == "on the 20th\n");
    CHECK(content_of(four_files.path / "calls/2026-11-21.jsonl") == "on the 21st\n");
}

TEST_CASE_METHOD(journal_fixture, "a start on a full disk is no failure any more with room") {
    // The root, the stream's directory and the ballast.
    const small_disk three_files(home.path() / "small", "nr_inodes=3");
    if (!three_files.mounted) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    std::filesystem::create_directory(three_files.path / "calls");
    std::ofstream(three_files.path / "ballast") << "x";
    journal::stream full(three_files.path / "calls", clock);
    CHECK(full.status().failing);
    std::filesystem::remove(three_files.path / "ballast");
    full.turn_day();
    CHECK_FALSE(full.status().failing);
}

TEST_CASE_METHOD(journal_fixture,
                 "a table of open calls that finds no room works without its file") {
    const small_disk disk_of_256_kib(home.path() / "small");
    if (!disk_of_256_kib.mounted) {
        WARN("skipped: mounting a small tmpfs needs root");
        return;
    }
    journal::open_calls table(disk_of_256_kib.path / "open-calls", 8192);
    std::vector<journal::open_calls::place> places;
    for (int i = 0; i < 8192; ++i) places.push_back(table.enter({}, clock.wall()));
    CHECK(places.back());
    CHECK(table.list().size() == 8192);
}
