// Who is told what: [[notify]], [notify_defaults], [callbacks] and [heartbeat].
// Format: docs/configuration.md, "Telling people".
#pragma once

#include "mountd/options.hpp"

#include <tallyfs/state/settings.hpp>

#include <string_view>

namespace tallyfs::mountd {

class deciding;
class table_reader;

/// Throws startup_error (exit code 2) with the place of what is wrong; never quotes an address or
/// a token.
void read_notify(table_reader& reader, options& into);

/// Whether a value of a setting may stand in a message: a number or one of its known words, never
/// a text that somebody wrote.
[[nodiscard]] bool may_tell(const state::setting_definition* setting, std::string_view value);

/// What the notifier works with. `decided` and `answers` outlive it.
[[nodiscard]] notify::notifier::parts notify_parts(const options& given,
                                                   const std::filesystem::path& state_directory,
                                                   deciding& decided, const clock_source& clock,
                                                   const state::answer_links& answers);

}  // namespace tallyfs::mountd
