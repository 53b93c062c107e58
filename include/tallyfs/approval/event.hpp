// What happened to a request for approval: the events of which the journal's actions consist.
// Format: docs/formats.md, "Approvals".
#pragma once

#include <tallyfs/approval/request.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tallyfs::approval {

enum class verdict : std::uint8_t { approve, reject };
enum class ending : std::uint8_t { ok, failed };
/// What a person says after an outcome that nobody knows.
enum class settlement : std::uint8_t { done, retry };
[[nodiscard]] std::string_view to_string(verdict value) noexcept;
[[nodiscard]] std::string_view to_string(ending value) noexcept;
[[nodiscard]] std::string_view to_string(settlement value) noexcept;

/// Identities in events are resolved: replaying them needs no configuration of people.
struct request_opened {
    approval::request request;
    bool operator==(const request_opened&) const = default;
};
struct step_decided {
    std::uint32_t number = 0;
    wall_time at{};
    std::uint32_t step = 0;  ///< from 1
    approval::verdict verdict = approval::verdict::approve;
    identity who;
    approval::capacity capacity;
    std::string hash;         ///< plan_hash() of what was decided on
    bool code_given = false;  ///< the decision carried the code
    std::string reason;       ///< of a rejection
    bool operator==(const step_decided&) const = default;
};
struct step_delegated {
    std::uint32_t number = 0;
    wall_time at{};
    std::uint32_t step = 0;
    identity who;
    approval::capacity capacity;  ///< in which `who` hands it over
    std::string to;
    std::string reason;
    bool operator==(const step_delegated&) const = default;
};
struct step_reminded {
    std::uint32_t number = 0;
    wall_time at{};
    std::uint32_t step = 0;
    bool operator==(const step_reminded&) const = default;
};
struct step_escalated {
    std::uint32_t number = 0;
    wall_time at{};
    std::uint32_t step = 0;
    bool operator==(const step_escalated&) const = default;
};
struct objection_raised {
    std::uint32_t number = 0;
    wall_time at{};
    identity who;
    std::string text;
    bool operator==(const objection_raised&) const = default;
};
struct objection_answered {
    std::uint32_t number = 0;
    wall_time at{};
    std::uint32_t objection = 0;  ///< from 1
    identity who;
    std::string text;
    bool operator==(const objection_answered&) const = default;
};
/// New evidence or a new plan: what was decided before is void.
struct request_revised {
    std::uint32_t number = 0;
    wall_time at{};
    identity who;
    std::string evidence;
    std::string plan;
    bool operator==(const request_revised&) const = default;
};
struct request_withdrawn {
    std::uint32_t number = 0;
    wall_time at{};
    identity who;
    std::string reason;
    bool operator==(const request_withdrawn&) const = default;
};
struct request_expired {
    std::uint32_t number = 0;
    wall_time at{};
    bool operator==(const request_expired&) const = default;
};
/// Written and synced before the effect begins.
struct execution_started {
    std::uint32_t number = 0;
    wall_time at{};
    std::string hash;  ///< plan_hash() of what is executed
    bool operator==(const execution_started&) const = default;
};
struct execution_finished {
    std::uint32_t number = 0;
    wall_time at{};
    approval::ending ending = approval::ending::ok;
    std::string result;
    bool operator==(const execution_finished&) const = default;
};
/// A probe found no trace of the effect: the request may be started again.
struct execution_absent {
    std::uint32_t number = 0;
    wall_time at{};
    bool operator==(const execution_absent&) const = default;
};
struct execution_unknown {
    std::uint32_t number = 0;
    wall_time at{};
    std::string why;
    bool operator==(const execution_unknown&) const = default;
};
struct outcome_settled {
    std::uint32_t number = 0;
    wall_time at{};
    approval::settlement settlement = approval::settlement::done;
    identity who;
    approval::capacity capacity;
    std::string reason;
    bool operator==(const outcome_settled&) const = default;
};

using event =
    std::variant<request_opened, step_decided, step_delegated, step_reminded, step_escalated,
                 objection_raised, objection_answered, request_revised, request_withdrawn,
                 request_expired, execution_started, execution_finished, execution_absent,
                 execution_unknown, outcome_settled>;
using events = std::vector<event>;

[[nodiscard]] std::uint32_t number_of(const event& e) noexcept;
[[nodiscard]] wall_time time_of(const event& e) noexcept;
/// "step_decided": the field `event` of the text.
[[nodiscard]] std::string_view name_of(const event& e) noexcept;

/// Appends the event as one compact JSON object, at most event_bytes_max, without a newline.
void append_event(std::string& out, const event& e);
[[nodiscard]] std::string event_text(const event& e);
/// Reads it back; unknown fields are ignored. Errors: approval_errc::unknown_event where `event`
/// names nothing of ours, bad_event where something is missing or of the wrong type.
[[nodiscard]] result<event> parse_event(std::string_view text);

}  // namespace tallyfs::approval
