// A day of a chain that is deleted on purpose: what is recorded of it, so that what is left still
// proves itself. Format: docs/formats.md, "Chains".
#pragma once

#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/action.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::journal {

/// The action that is recorded before the segments of a day of the audit are deleted.
inline constexpr const char* audit_deleted = "audit.deleted";

struct chain_day {
    std::uint64_t lines = 0;
    chain_head end;       ///< of its last line: the base of what follows; "" where it has no line
    std::string problem;  ///< "" or where its chain does not hold, or what follows does not fit
};

/// Reads a day of `all`, the segments of a stream in their order, and the first line behind it.
/// Errors: those of open and read.
[[nodiscard]] result<chain_day> read_chain_day(const std::vector<segment_status>& all, day date);

/// `{"day":"2026-11-20","lines":17,"base":"17:9f86d0…"}`; `base` is null for a day without lines.
[[nodiscard]] std::string deletion_detail(day date, const chain_day& deleted);

/// The base that an action tells; nullopt for another action and for a day without lines.
[[nodiscard]] std::optional<chain_head> base_of(const record::action& action);

/// The bases that the stream of the actions tells, oldest first. Whether its own chain holds, tells
/// verify_chain(). Throws startup_error with the path of what cannot be read.
[[nodiscard]] std::vector<chain_head> read_bases(const std::filesystem::path& actions);

}  // namespace tallyfs::journal
