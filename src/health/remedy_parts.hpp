// What the kinds of remedies share: lists that are spread over parameters, and plans by kind.
// Format: docs/databases.md, "Remedies".
#pragma once

#include <tallyfs/health/remedy.hpp>

namespace tallyfs::health {

/// One value of a request for approval holds no more.
inline constexpr std::size_t parameter_bytes_max = 512;

/// The value, or "".
[[nodiscard]] std::string value_of(const remedy_parameters& all, const std::string& name);
/// The items, separated by commas, of `name`, `name2`, `name3`, …
[[nodiscard]] std::vector<std::string> list_of(const remedy_parameters& all,
                                               const std::string& name);
/// In place of what is there.
void set_list(remedy_parameters& all, const std::string& name,
              const std::vector<std::string>& items);

[[nodiscard]] std::string joined(const std::vector<std::string>& items, std::string_view between);
/// A block that runs statements of PL/pgSQL.
[[nodiscard]] std::string do_block(const std::string& body);
/// "'\"public\".\"orders\"'::pg_catalog.regclass"
[[nodiscard]] std::string regclass(const table_name& table);

[[nodiscard]] remedy_plan failed_plan(std::string problem);
[[nodiscard]] remedy_plan options_plan(const remedy_parameters& all);
[[nodiscard]] remedy_plan terminate_plan(const remedy_parameters& all);
[[nodiscard]] std::string session_text(const session_reference& session);

}  // namespace tallyfs::health
