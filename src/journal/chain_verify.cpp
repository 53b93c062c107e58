#include "journal/segment_files.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <sys/stat.h>

#include <fcntl.h>

namespace tallyfs::journal {

namespace {

constexpr std::size_t breaks_shown_max = 100;
constexpr std::size_t block_bytes = std::size_t{1} << 20;

/// Follows the links from line to line, and goes on behind a break with what is there.
class checker {
  public:
    checker(const std::vector<chain_head>& known,
            const std::function<void(std::string_view line)>& each_line)
        : known_(known), met_(known.size()), each_line_(each_line) {
        report_.end.hash = record::no_line_before;
        meet_heads();
    }

    result<void> read(const segment_status& segment);
    chain_report finish();

  private:
    void take(std::string_view line);
    void check(const record::chain_link& link);
    void note(std::string what);
    void meet_heads();

    const std::vector<chain_head>& known_;
    std::vector<bool> met_;
    const std::function<void(std::string_view line)>& each_line_;
    chain_report report_;
    std::string file_;
    std::uint64_t line_in_file_ = 0;
};

void checker::note(std::string what) {
    ++report_.breaks_found;
    if (report_.breaks.size() < breaks_shown_max) {
        report_.breaks.push_back({file_, line_in_file_, std::move(what)});
    }
}

void checker::meet_heads() {
    for (std::size_t i = 0; i < known_.size(); ++i) {
        if (known_[i] == report_.end) met_[i] = true;
    }
}

void checker::check(const record::chain_link& link) {
    const auto expected = report_.end.lines + 1;
    if (link.number > expected) {
        note("lines " + std::to_string(expected) + " to " + std::to_string(link.number - 1) +
             " are missing before it");
    } else if (link.number < expected) {
        note("line " + std::to_string(link.number) + " stands where line " +
             std::to_string(expected) + " belongs: it was inserted or moved");
    } else if (link.previous != report_.end.hash) {
        note("does not carry the hash of the line before it: that one was changed or replaced");
    }
}

void checker::take(std::string_view line) {
    ++line_in_file_;
    if (const auto link = record::read_chain_link(line)) {
        check(*link);
        report_.end.lines = link->number;
    } else {
        note("is no line of a chain");
        ++report_.end.lines;
    }
    report_.end.hash = sha256_hex(line);
    meet_heads();
    if (each_line_) each_line_(line);
}

result<void> checker::read(const segment_status& segment) {
    auto file = open_file(segment.path, O_RDONLY);
    if (!file) return file.error();
    ++report_.segments;
    file_ = segment.path.filename().string();
    line_in_file_ = 0;
    std::string rest;
    for (std::uint64_t offset = 0; offset < segment.bytes;) {
        const auto wanted = std::min<std::uint64_t>(block_bytes, segment.bytes - offset);
        const auto block = read_at(file->get(), offset, static_cast<std::size_t>(wanted));
        if (!block) return block.error();
        if (block->empty()) return make_error_code(boost::system::errc::io_error);
        offset += block->size();
        rest += *block;
        std::size_t begin = 0;
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
            take(std::string_view(rest).substr(begin, end - begin));
            begin = end + 1;
        }
        rest.erase(0, begin);
    }
    return {};
}

chain_report checker::finish() {
    file_.clear();
    line_in_file_ = 0;
    for (std::size_t i = 0; i < known_.size(); ++i) {
        const auto& head = known_[i];
        if (met_[i]) {
            if (i == 0) report_.lines_after_head = report_.end.lines - head.lines;
        } else if (head.lines > report_.end.lines) {
            note("the head is of line " + std::to_string(head.lines) + ", but line " +
                 std::to_string(report_.end.lines) + " is the last: the end was cut off");
        } else {
            note("line " + std::to_string(head.lines) + " is not the one that the head " +
                 head.to_string() + " is of");
        }
    }
    return std::move(report_);
}

}  // namespace

chain_report verify_chain(const std::filesystem::path& directory,
                          const std::vector<chain_head>& known,
                          const std::function<void(std::string_view line)>& each_line) {
    checker check(known, each_line);
    for (const auto& segment : list_segments(directory).segments) {
        if (const auto read = check.read(segment); !read) {
            throw startup_error("cannot read " + segment.path.string() + ": " +
                                read.error().message());
        }
    }
    return check.finish();
}

}  // namespace tallyfs::journal
