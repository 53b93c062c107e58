// The daemon's own log: lines on stderr, or to the journal of systemd through it.
// Source: spdlog (https://github.com/gabime/spdlog). Never log prompts, secrets or SQL parameters.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace tallyfs {

/// Sets the pattern and level ("error", "warn", "info", "debug"). Throws startup_error for
/// another level. Call once, before threads start.
void start_log(const std::string& level);

}  // namespace tallyfs
