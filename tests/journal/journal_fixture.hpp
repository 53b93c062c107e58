// What the tests of the journal share: a stream in a directory of its own, with a clock and a
// disk that fail on demand, and what a reader sees of it.
// Zone of all tests: Europe/Berlin, whose days have 23, 24 or 25 hours.
#pragma once

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/journal/reader.hpp>
#include <tallyfs/journal/stream.hpp>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace tallyfs::test {

inline wall_time at(std::string_view rfc3339) {
    const auto time = parse_rfc3339(rfc3339);
    if (!time) throw std::invalid_argument("not a time");
    return *time;
}

inline day date(std::string_view text) {
    const auto parsed = day::parse(text);
    if (!parsed) throw std::invalid_argument("not a date");
    return *parsed;
}

/// A disk that does what a test tells it.
class failing_disk final : public journal::file_operations {
  public:
    std::atomic<int> write_error{0};       ///< errno of every write; 0: none
    std::atomic<int> write_bytes_max{-1};  ///< writes are cut short to this; -1: not
    std::atomic<int> sync_error{0};
    std::atomic<int> truncate_error{0};
    std::atomic<int> unlink_error{0};
    std::atomic<int> syncs{0};

    ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
        if (write_error != 0) return fail(write_error);
        if (write_bytes_max >= 0)
            bytes = std::min(bytes, static_cast<std::size_t>(write_bytes_max));
        return file_operations::write(fd, data, bytes);
    }
    int fdatasync(int fd) override {
        ++syncs;
        return sync_error != 0 ? fail(sync_error) : file_operations::fdatasync(fd);
    }
    int ftruncate(int fd, ::off_t length) override {
        return truncate_error != 0 ? fail(truncate_error) : file_operations::ftruncate(fd, length);
    }
    int unlink(const char* path) override {
        return unlink_error != 0 ? fail(unlink_error) : file_operations::unlink(path);
    }

  private:
    static int fail(int error) {
        errno = error;
        return -1;
    }
};

inline std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline result<journal::position> append(journal::stream& stream, std::string_view text) {
    return stream.append([&](std::string& out, wall_time) { out.append(text).append("\n"); });
}

/// Everything the reader has to give, as lines without their newlines.
inline std::vector<std::string> read_lines(journal::reader& reader,
                                           std::size_t bytes_max = std::size_t{1} << 20) {
    std::vector<std::string> lines;
    for (;;) {
        const auto batch = reader.next(bytes_max);
        REQUIRE(batch);
        if (batch->text.empty()) return lines;
        REQUIRE(batch->text.back() == '\n');
        for (std::string_view rest = batch->text; !rest.empty();) {
            const auto end = rest.find('\n');
            lines.emplace_back(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
    }
}

inline std::vector<std::string> read_lines(const journal::stream& stream) {
    journal::reader reader(stream);
    return read_lines(reader);
}

using strings = std::vector<std::string>;

/// A stream that can be stopped and started again on the same directory.
struct journal_fixture {
    journal_fixture() { start(); }

    journal::stream& start() {
        stream.reset();
        stream = std::make_unique<journal::stream>(directory, clock, &disk);
        return *stream;
    }
    [[nodiscard]] strings names() const {
        strings all;
        for (const auto& segment : stream->segments()) all.push_back(segment.id.file_name());
        return all;
    }

    struct zone_of_tests {
        zone_of_tests() { zone::use("Europe/Berlin"); }
    } zone_in_use;
    temporary_directory home;
    std::filesystem::path directory = home.path() / "journal" / "calls";
    manual_clock clock{at("2026-11-20T11:00:00Z")};
    failing_disk disk;
    std::unique_ptr<journal::stream> stream;
};

}  // namespace tallyfs::test
