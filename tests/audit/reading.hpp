// Logs read for tests: entries and events with memory of their own.
// Fixtures: tests/fixtures/pgaudit/README.
#pragma once

#include "support/catch.hpp"

#include <tallyfs/audit/event_maker.hpp>
#include <tallyfs/audit/log_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::test {

/// The prefix with which all fixtures were written.
inline constexpr const char* fixture_prefix = "%m [%p] %q%u@%d ";

inline std::string log_fixture(const std::string& name) {
    std::ifstream file(std::string(TALLYFS_FIXTURES) + "/pgaudit/" + name, std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct kept_entry {
    explicit kept_entry(const audit::log_entry& e)
        : logged(e.logged),
          user(e.user),
          database(e.database),
          pid(e.pid),
          remote(e.remote),
          session(e.session),
          line(e.line),
          lines(e.lines),
          severity(e.severity),
          sqlstate(e.sqlstate),
          message(e.message),
          detail(e.detail),
          statement(e.statement),
          application(e.application),
          backend_type(e.backend_type),
          raw(e.raw),
          trust(e.trust),
          forged(e.forged),
          cut(e.cut) {}
    bool operator==(const kept_entry&) const = default;

    wall_time logged;
    std::string user, database;
    std::int32_t pid;
    std::string remote, session;
    std::int64_t line, lines;
    std::string severity, sqlstate, message, detail, statement, application, backend_type, raw;
    audit::trust trust;
    bool forged, cut;
};

struct kept_log {
    std::vector<kept_entry> entries;
    audit::reading_counts counts;
    std::uint64_t pending = 0;
};

/// `steer` feeds the reader; then it is finished.
inline kept_log read_log(
    audit::log_format format, const char* prefix,
    const std::function<void(audit::log_reader&, const audit::log_reader::taker&)>& steer) {
    audit::log_reader reader(format, audit::text_prefix(prefix));
    kept_log read;
    const auto take = [&](const audit::log_entry& e) { read.entries.emplace_back(e); };
    steer(reader, take);
    reader.finish(take);
    read.counts = reader.counts();
    read.pending = reader.pending_bytes();
    return read;
}

inline kept_log read_log(audit::log_format format, std::string_view bytes,
                         const char* prefix = fixture_prefix) {
    return read_log(format, prefix,
                    [&](auto& reader, const auto& take) { reader.feed(bytes, take); });
}

inline std::vector<record::audit_event> events_of(audit::log_format format, std::string_view bytes,
                                                  const char* prefix = fixture_prefix,
                                                  bool whole = false) {
    audit::log_reader reader(format, audit::text_prefix(prefix));
    audit::event_maker maker("prod/orders-cl");
    maker.keep_whole(whole);
    std::vector<record::audit_event> events;
    const auto take = [&](const audit::log_entry& e) {
        maker.take(e, [&](record::audit_event& event) { events.push_back(event); });
    };
    reader.feed(bytes, take);
    reader.finish(take);
    return events;
}

inline std::size_t count_of(const std::vector<record::audit_event>& events, std::string_view kind) {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &record::audit_event::kind));
}

}  // namespace tallyfs::test
