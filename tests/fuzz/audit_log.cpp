// Logs of servers in all formats: the first byte says which, and how they are cut. Cutting changes
// nothing, memory is bounded, and reading goes on from the pending bytes.
// Formats: docs/audit.md, "What is read".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/audit/event_maker.hpp>
#include <tallyfs/audit/log_reader.hpp>
#include <tallyfs/base/limits.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace tallyfs::fuzz {

namespace {

constexpr std::array prefixes{"%m [%p] %q%u@%d ", "%m [%p] ", "%t [%p] %c %l %e %q%a %u %d %r ",
                              "%u|%d|%m|%-8p|"};

struct reading {
    std::string texts;  ///< of all entries
    audit::reading_counts counts;
};

void add(std::string& to, const audit::log_entry& e) {
    for (const auto text : {e.user, e.database, e.remote, e.session, e.severity, e.sqlstate,
                            e.message, e.detail, e.statement, e.application, e.backend_type, e.raw,
                            std::string_view(to_string(e.trust))}) {
        to += text;
        to += '\0';
    }
    to += std::to_string(e.logged.time_since_epoch().count()) + ' ' + std::to_string(e.pid) + ' ' +
          std::to_string(e.line) + ' ' + std::to_string(e.lines) + (e.forged ? " forged" : "") +
          (e.cut ? " cut\n" : "\n");
}

void check_entry(const audit::log_entry& e, bool text) {
    require(e.raw.size() <= audit::log_reader::entry_bytes_max, "an entry is bounded");
    require(e.line >= 0 && e.lines >= 1, "lines are counted from one");
    require(text != (e.trust == audit::trust::structured), "trust is that of the format");
    require(!text || e.user.find_first_of("\r\n") == e.user.npos || e.forged,
            "a name with the end of a line is forged");
}

void check_event(record::audit_event& event) {
    event.previous = record::no_line_before;
    std::string line;
    append_line(line, event);
    require(line.size() < limits::line_bytes_max, "a line is bounded");
    require(record::parse_audit_event(line).has_value(), "what was written can be read");
    require(event.key.size() == 16, "an event has a key");
}

reading read(audit::log_format format, const char* prefix, std::string_view bytes, int cutting) {
    audit::log_reader reader(format, audit::text_prefix(prefix));
    audit::event_maker maker("prod/c");
    reading result;
    const auto take = [&](const audit::log_entry& e) {
        check_entry(e, format == audit::log_format::text);
        add(result.texts, e);
        maker.take(e, check_event);
    };
    std::uint64_t fed = 0;
    in_pieces(bytes, cutting, [&](std::string_view piece) {
        reader.feed(piece, take);
        fed += piece.size();
        require(reader.pending_bytes() <= fed, "no more is pending than was fed");
        require(reader.pending_bytes() <= 2 * audit::log_reader::entry_bytes_max,
                "memory is bounded");
    });
    reader.finish(take);
    result.counts = reader.counts();
    return result;
}

/// A new reader that begins where one has stopped; who broke a name it does not know.
void check_going_on(audit::log_format format, std::string_view bytes) {
    if (format == audit::log_format::text) return;
    reading whole;
    reading parts;
    const auto take_whole = [&](const audit::log_entry& e) { add(whole.texts, e); };
    const auto take_parts = [&](const audit::log_entry& e) { add(parts.texts, e); };
    audit::log_reader all(format);
    all.feed(bytes, take_whole);
    const auto half = bytes.size() / 2;
    audit::log_reader first(format);
    first.feed(bytes.substr(0, half), take_parts);
    audit::log_reader second(format);
    second.feed(bytes.substr(half - first.pending_bytes()), take_parts);
    require_equal(parts.texts, whole.texts, "reading goes on from the pending bytes");
    require(second.pending_bytes() == all.pending_bytes(), "the same is pending");
}

}  // namespace

void audit_log(std::string_view input) {
    const auto choice = take_choice(input, 256);
    const auto format = static_cast<audit::log_format>(choice % 3);
    const char* const prefix = prefixes[choice / 3 % prefixes.size()];
    static_cast<void>(audit::guess_format(input.substr(0, 4096), "x.log"));
    const auto whole = read(format, prefix, input, 0);
    for (int cutting = 1; cutting < cuttings; ++cutting) {
        const auto cut = read(format, prefix, input, cutting);
        require_equal(cut.texts, whole.texts, "cutting changes no entry");
        require(cut.counts.unreadable == whole.counts.unreadable &&
                    cut.counts.unreadable_bytes == whole.counts.unreadable_bytes &&
                    cut.counts.forged == whole.counts.forged,
                "cutting changes no count");
    }
    check_going_on(format, input);
    // In the next file at any place nothing is worse than lost.
    audit::log_reader reader(format, audit::text_prefix(prefix));
    const auto take = [&](const audit::log_entry& e) {
        check_entry(e, format == audit::log_format::text);
    };
    in_pieces(input, 3, [&](std::string_view piece) {
        reader.feed(piece, take);
        reader.next_file(take);
    });
    reader.finish(take);
}

}  // namespace tallyfs::fuzz
