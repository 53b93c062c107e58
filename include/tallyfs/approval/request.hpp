// A request for approval: what is asked, by whom, with which evidence, and what would be done.
// Format: docs/approvals.md, "Asking"; docs/formats.md, "Approvals".
#pragma once

#include <tallyfs/approval/chain.hpp>
#include <tallyfs/approval/error.hpp>
#include <tallyfs/approval/people.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace tallyfs::approval {

/// A whole event as JSON: a line of the journal is 16 KiB, the action around it needs some.
inline constexpr std::size_t event_bytes_max = 12 * 1024;
/// Limits of the texts, chosen so that plain ASCII of all of them stays below event_bytes_max.
inline constexpr std::size_t word_bytes_max = 64;  ///< kind, environment, name of a parameter
inline constexpr std::size_t title_bytes_max = 200;
inline constexpr std::size_t reason_bytes_max = 1000;
inline constexpr std::size_t value_bytes_max = 512;  ///< of a parameter: a model's name
inline constexpr std::size_t parameters_max = 16;
inline constexpr std::size_t evidence_bytes_max = 6 * 1024;
inline constexpr std::size_t plan_bytes_max = 3 * 1024;
inline constexpr std::size_t callback_bytes_max = 512;

using parameters = std::map<std::string, std::string>;

/// What somebody asks for, before it has a number. `plan` and `undo` come from the kind.
struct draft {
    std::string kind;         ///< lowercase words and hyphens
    std::string environment;  ///< the same; may be empty
    std::string title;        ///< empty: made from the kind and its parameters
    std::string reason;
    approval::parameters parameters;
    std::string evidence;
    std::string plan;  ///< what will be executed
    std::string undo;  ///< what would take it back; empty: cannot be undone
    std::string callback;

    bool operator==(const draft&) const = default;
};

struct request {
    std::uint32_t number = 0;
    draft asked;
    identity requester;  ///< resolved
    wall_time created{};
    approval::chain chain;      ///< as it was configured when the request was opened
    std::uint32_t undo_of = 0;  ///< the request that this one takes back; 0: none

    bool operator==(const request&) const = default;
};

/// "0042"; five digits from 10,000 on.
[[nodiscard]] std::string number_text(std::uint32_t number);
/// "0042-cloud-model": the request's directory in approvals/pending and approvals/done.
[[nodiscard]] std::string directory_name(const request& r);
/// Reads "42", "0042" and "0042-cloud-model"; nullopt for anything else.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view name);

/// Reads what a person wrote into approvals/new/<name>: lines of key=value, or one JSON object.
/// `kinds`: those that exist, to name the nearest one (empty: any kind is accepted).
/// Refusals: bad_command, too_large.
[[nodiscard]] outcome<draft> parse_draft(std::string_view text,
                                         std::span<const std::string> kinds = {});

/// The draft as it is stored: text for people cleaned of what cannot be seen, everything within
/// its limits. Refusals: bad_command, too_large.
[[nodiscard]] outcome<draft> checked(draft asked);

/// SHA-256 over the canonical text of the request with its plan and evidence: 64 hex digits.
[[nodiscard]] std::string plan_hash(const request& r);
/// The code that stands for it in a decision: its first 8 digits.
[[nodiscard]] std::string plan_code(const request& r);

}  // namespace tallyfs::approval
