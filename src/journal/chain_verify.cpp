#include "journal/chain_checker.hpp"
#include "journal/segment_files.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/journal/chain_day.hpp>

#include <algorithm>
#include <fcntl.h>

namespace tallyfs::journal {

namespace {

using segments = std::vector<segment_status>;

[[noreturn]] void refuse(const std::filesystem::path& path, const error_code& why) {
    throw startup_error("cannot read " + path.string() + ": " + why.message());
}

chain_report read_all(chain_checker& check, segments::const_iterator begin,
                      segments::const_iterator end) {
    for (; begin != end; ++begin) {
        if (const auto read = check.read(*begin); !read) refuse(begin->path, read.error());
    }
    return check.finish();
}

}  // namespace

chain_report verify_chain(const std::filesystem::path& directory,
                          const std::vector<chain_head>& known, const line_listener& each_line,
                          const std::vector<chain_head>& bases) {
    const auto found = list_segments(directory).segments;
    chain_checker check(known, each_line, bases);
    return read_all(check, found.begin(), found.end());
}

chain_report verify_end(const std::filesystem::path& directory,
                        const std::vector<chain_head>& known, const line_listener& each_line,
                        const std::vector<chain_head>& bases) {
    const auto found = list_segments(directory).segments;
    chain_checker check(known, each_line, bases);
    // The newest one that begins at the head's line or before; else the oldest one.
    auto first = found.end();
    std::optional<chain_head> before;
    while (first != found.begin()) {
        --first;
        auto told = read_before_first(*first);
        if (!told) refuse(first->path, told.error());
        if (!*told) continue;
        before = std::move(**told);
        if (known.empty() || before->lines <= known.front().lines) break;
    }
    if (before && first != found.begin()) check.begin_behind(*before);
    return read_all(check, first, found.end());
}

result<std::optional<chain_head>> read_before_first(const segment_status& segment) {
    const auto file = open_file(segment.path, O_RDONLY);
    if (!file) return file.error();
    const auto wanted = std::min<std::uint64_t>(segment.bytes, limits::line_bytes_max);
    const auto text = read_at(file->get(), 0, static_cast<std::size_t>(wanted));
    if (!text) return text.error();
    const auto link = record::read_chain_link(*text);
    if (!link || link->number == 0) return std::optional<chain_head>();
    return std::optional(chain_head{link->number - 1, std::string(link->previous)});
}

result<chain_day> read_chain_day(const std::vector<segment_status>& all, day date) {
    const std::vector<chain_head> none;
    const line_listener nobody;
    chain_checker check(none, nobody, none);
    chain_day found;
    std::optional<chain_head> begin;
    std::optional<chain_head> behind;
    for (const auto& segment : all) {
        if (segment.id.date < date || segment.bytes == 0 || behind) continue;
        if (segment.id.date > date) {
            const auto told = read_before_first(segment);
            if (!told) return told.error();
            behind = told->value_or(chain_head{});
            continue;
        }
        if (!begin) {
            const auto told = read_before_first(segment);
            if (!told) return told.error();
            begin = told->value_or(chain_head{0, std::string(record::no_line_before)});
            check.begin_behind(*begin);
        }
        if (const auto read = check.read(segment); !read) return read.error();
    }
    if (!begin) return found;
    auto report = check.finish();
    found.end = std::move(report.end);
    found.lines = found.end.lines - begin->lines;
    if (!report.breaks.empty()) {
        const auto& first = report.breaks.front();
        found.problem = first.file + ":" + std::to_string(first.line) + " " + first.what;
    } else if (behind && *behind != found.end) {
        found.problem = "what follows it does not carry the hash of its last line";
    }
    return found;
}

}  // namespace tallyfs::journal
