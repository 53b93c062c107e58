// The work behind the kinds pg-migrate and pg-baseline, each on a thread that may wait.
// Rules: docs/databases.md, "Schema and migrations".
#pragma once

#include "postgres/background.hpp"

#include <tallyfs/postgres/schema_changes.hpp>

#include <string>

namespace tallyfs::postgres {

using change_parts = schema_changes::parts;
using change_effect = state::approval_kind::effect;

// On the desk: complete what is asked for. "" or why it cannot be.
[[nodiscard]] std::string prepare_migration(const change_parts& with, approval::draft& asked);
[[nodiscard]] std::string prepare_baseline(const change_parts& with, approval::draft& asked);

// On a thread of `threads`.
[[nodiscard]] change_effect migrate(const change_parts& with, background& threads,
                                    const approval::request& request);
[[nodiscard]] approval::probe probe_migrate(const change_parts& with, background& threads,
                                            const approval::request& request);
[[nodiscard]] change_effect take_baseline(const change_parts& with, background& threads,
                                          const approval::request& request);
[[nodiscard]] approval::probe probe_baseline(const change_parts& with,
                                             const approval::request& request);

}  // namespace tallyfs::postgres
