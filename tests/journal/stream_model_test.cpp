// A stream on a disk with random faults, compared after each step with what append() promised.
#include "journal_fixture.hpp"

#include <sys/stat.h>

#include <map>
#include <random>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

using rng = std::mt19937;

/// Fails at random, in sequences and combinations; remembers what a power cut would leave.
class moody_disk final : public journal::file_operations {
  public:
    explicit moody_disk(rng& random) : random_(random) {}

    unsigned faults_of_ten = 0;  ///< how many of ten calls fail

    ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
        if (!fails()) return file_operations::write(fd, data, bytes);
        const auto part = random_() % bytes;
        switch (random_() % 4) {
            case 0:  // nothing is written
                return fail(some_error());
            case 1:
                return fail(EINTR);
            case 2:  // a short write
                return file_operations::write(fd, data, part);
            default:  // a part is written, and yet an error is returned
                static_cast<void>(file_operations::write(fd, data, part));
                return fail(EIO);
        }
    }
    int fdatasync(int fd) override {
        if (fails()) return fail(random_() % 4 == 0 ? EINTR : EIO);
        struct ::stat status {};
        if (::fstat(fd, &status) != 0) return -1;
        synced_[status.st_ino] = static_cast<std::uint64_t>(status.st_size);
        return 0;
    }
    int ftruncate(int fd, ::off_t length) override {
        return fails() ? fail(EIO) : file_operations::ftruncate(fd, length);
    }
    /// What is left after a power cut is on the disk.
    void settle(const std::filesystem::path& path) {
        struct ::stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        synced_[status.st_ino] = static_cast<std::uint64_t>(status.st_size);
    }
    [[nodiscard]] std::uint64_t synced_bytes(const std::filesystem::path& path) const {
        struct ::stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        const auto known = synced_.find(status.st_ino);
        return known == synced_.end() ? 0 : known->second;
    }

  private:
    bool fails() { return random_() % 10 < faults_of_ten; }
    int some_error() {
        constexpr int errors[] = {EIO, ENOSPC, EDQUOT};
        return errors[random_() % 3];
    }
    static int fail(int error) {
        errno = error;
        return -1;
    }

    rng& random_;
    std::map<::ino_t, std::uint64_t> synced_;
};

struct promised_line {
    std::string text;
    std::filesystem::path file;
    bool safe = false;      ///< a sync() that succeeded covered it
    bool doubtful = false;  ///< a sync() that failed did: the kernel may have dropped it
};

/// What append() promised, beside the stream that has to keep it.
class checked_stream {
  public:
    explicit checked_stream(unsigned seed) : random_(seed) {
        zone::use("Europe/Berlin");
        start();
    }

    void step() {
        disk_.faults_of_ten = random_() % 3 == 0 ? random_() % 8 : 0;
        switch (random_() % 12) {
            case 0:
                sync();
                break;
            case 1:
                clock_.advance(std::chrono::minutes(random_() % 900));
                stream_->turn_day();
                break;
            case 2:
                clock_.step_to(clock_.wall() - std::chrono::minutes(random_() % 300));
                break;
            default:
                append();
        }
        check();
    }
    /// As after a kill: what was not synced is still there.
    void restart() {
        disk_.faults_of_ten = random_() % 2 == 0 ? random_() % 8 : 0;
        stream_.reset();
        start();
        check();
    }
    void kill() {
        stream_.reset();
        start();
        skip_what_is_read();
    }
    /// Any part of what was not synced is gone or zero, as file systems leave it.
    void power_cut() {
        const auto segments = stream_->segments();
        stream_.reset();
        for (const auto& segment : segments) {
            spoil(segment.path);
            disk_.settle(segment.path);
        }
        start();
        std::vector<promised_line> kept;
        const auto lines = read_lines(*stream_);
        auto read = lines.begin();
        for (auto& line : promised_) {
            // Whatever else is read is a torn piece with zeros in it.
            auto found = read;
            while (found != lines.end() && *found != line.text && torn(*found)) ++found;
            const bool there = found != lines.end() && *found == line.text;
            INFO(line.text.substr(0, 20) << " in " << line.file);
            REQUIRE((there || !line.safe));
            if (!there) continue;
            read = std::next(found);
            kept.push_back(std::move(line));
        }
        for (; read != lines.end(); ++read) REQUIRE(torn(*read));
        promised_ = std::move(kept);
        skip_what_is_read();
    }
    /// Every segment holds the promised lines and, if it was sealed, a part of a lost one.
    void check_files() const {
        std::map<std::filesystem::path, std::string> expected;
        for (const auto& line : promised_) expected[line.file] += line.text + '\n';
        for (const auto& segment : stream_->segments()) {
            const auto content = content_of(segment.path);
            const auto& lines = expected[segment.path];
            REQUIRE(segment.bytes == lines.size());
            REQUIRE(content.substr(0, lines.size()) == lines);
            REQUIRE(content.find('\n', lines.size()) == std::string::npos);
            if (!segment.closed) REQUIRE(content.size() == lines.size());
        }
    }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }
    [[nodiscard]] std::uint64_t sealed() const { return stream_->status().segments_sealed; }

  private:
    static bool torn(const std::string& text) { return text.find('\0') != std::string::npos; }

    void start() {
        stream_ = std::make_unique<journal::stream>(directory_.path() / "calls", clock_, &disk_);
        reader_.emplace(*stream_);
        checked_ = 0;
        appended_here_ = lost_here_ = 0;
    }
    /// Where a power cut left torn pieces between lines.
    void skip_what_is_read() {
        static_cast<void>(read_lines(*reader_));
        checked_ = promised_.size();
    }
    void append() {
        const auto number = std::to_string(++count_);
        const auto text =
            number + std::string(random_() % 300, static_cast<char>('a' + count_ % 26));
        const auto at = test::append(*stream_, text);
        if (at) {
            const auto file = stream_->directory() / at->segment.file_name();
            REQUIRE(content_of(file).substr(at->offset) == text + '\n');
            promised_.push_back({text, file});
            ++appended_here_;
        } else {
            ++lost_here_;
            ++lost_;
        }
    }
    void sync() {
        const bool synced = stream_->sync().has_value();
        for (auto& line : promised_) {
            if (line.safe || line.doubtful) continue;
            (synced ? line.safe : line.doubtful) = true;
        }
    }
    /// A reader that has followed all along has seen each line once.
    void check() {
        for (const auto& line : read_lines(*reader_, random_() % 2 == 0 ? 1 : 4096)) {
            REQUIRE(checked_ < promised_.size());
            REQUIRE(line == promised_[checked_++].text);
        }
        REQUIRE(checked_ == promised_.size());
        const auto status = stream_->status();
        REQUIRE(status.lines_appended == appended_here_);
        REQUIRE(status.lines_lost == lost_here_);
        REQUIRE(status.last_error.size() < 1000);
    }
    void spoil(const std::filesystem::path& path) {
        const auto from = disk_.synced_bytes(path);
        const auto size = std::filesystem::file_size(path);
        if (size <= from) return;
        const auto at = from + random_() % (size - from + 1);
        if (random_() % 2 == 0) return std::filesystem::resize_file(path, at);
        const auto zeros = random_() % 2 == 0 ? size - at : random_() % (size - at + 1);
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(at));
        file << std::string(zeros, '\0');
    }

    rng random_;
    temporary_directory directory_;
    manual_clock clock_{at("2026-11-20T12:00:00Z")};
    moody_disk disk_{random_};
    std::unique_ptr<journal::stream> stream_;
    std::optional<journal::reader> reader_;
    std::vector<promised_line> promised_;
    std::size_t checked_ = 0;  ///< of promised_, by reader_
    std::uint64_t appended_here_ = 0;
    std::uint64_t lost_here_ = 0;
    std::uint64_t lost_ = 0;
    int count_ = 0;
};

}  // namespace

TEST_CASE("on a disk that fails at random the journal holds exactly what append() promised") {
    std::uint64_t lost = 0;
    std::uint64_t sealed = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        INFO("seed " << seed);
        checked_stream checked(seed);
        for (int i = 0; i < 120; ++i) {
            checked.step();
            if (i % 20 == 19) {
                checked.check_files();
                sealed += checked.sealed();
                checked.restart();
            }
        }
        checked.check_files();
        lost += checked.lost();
    }
    // The faults did happen.
    CHECK(lost > 300);
    CHECK(sealed > 100);
}

TEST_CASE("a power cut takes nothing that a sync() has covered") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        INFO("seed " << seed);
        checked_stream checked(1000 + seed);
        for (int i = 0; i < 120; ++i) {
            checked.step();
            if (i % 15 == 14) checked.power_cut();
            if (i % 15 == 7) checked.kill();
        }
    }
}
