// Makes the events of the audit from the entries of a server's log. No I/O.
// Which entries become events: docs/audit.md, "What is kept".
#pragma once

#include <tallyfs/audit/log_entry.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// How far a session's line numbers have got: what a restart needs.
struct session_line {
    std::int64_t line = 0;
    wall_time logged{};

    bool operator==(const session_line&) const = default;
};
using session_lines = std::map<std::string, session_line, std::less<>>;

/// One for each server. Not thread-safe.
class event_maker {
  public:
    /// More sessions than a server has; of more the one that is silent longest is forgotten.
    static constexpr std::size_t sessions_max = 10'000;

    /// `known` and `begun_until`: as an earlier one had them when it ended.
    explicit event_maker(std::string cluster, session_lines known = {},
                         std::optional<wall_time> begun_until = {});
    ~event_maker();

    /// Whether statements, parameters and errors' texts are kept whole; default: masked.
    void keep_whole(bool whole) noexcept;

    /// Of `entry`: none for what is no event; a gap in its session's lines comes before its own.
    /// `time`, `number`, `previous`, `node`, `account`, `rules` and `expected` are left to others.
    /// The event is valid during the call.
    void take(const log_entry& entry, const std::function<void(record::audit_event& event)>& give);
    /// The log does not begin with the start of the server, or lines were passed over: the next
    /// line of every session is taken as it comes.
    void lines_unknown() noexcept;
    [[nodiscard]] const session_lines& sessions() const noexcept;
    /// Of sessions that began before, the first line is taken as it comes: lines before it may
    /// have been passed over. nullopt: no entry has told yet since when lines are known.
    [[nodiscard]] std::optional<wall_time> begun_until() const noexcept;

  private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

/// The `key` of an entry: of session and line where both are told (`from_id` is ""), of the id
/// that a log service gave it, or of its bytes.
[[nodiscard]] std::string key_of(std::string_view cluster, const log_entry& entry,
                                 std::string_view from_id = "");

}  // namespace tallyfs::audit
