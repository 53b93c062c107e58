// The daemon: its parts, wired, from start to stop.
// Order and reasons: docs/architecture.md, "Start and stop".
#pragma once

#include "mountd/options.hpp"

namespace tallyfs::mountd {

/// Runs until SIGTERM, SIGINT or somebody unmounts. Throws startup_error. Returns the exit code.
int run_daemon(const options& given);

/// `tallyfs rebuild`: makes the ledger anew, with progress on stderr when that is a terminal.
/// Throws startup_error. Returns the exit code.
int rebuild_ledger(const options& given);

/// `tallyfs verify`: whether the chains of the actions and of the audit hold, and where they do
/// not; also beside a running daemon. Throws startup_error. Returns the exit code: 1 for a chain
/// that is broken.
int verify_chains(const options& given);

}  // namespace tallyfs::mountd
