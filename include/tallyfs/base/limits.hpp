// The limits that more than one module keeps. A limit of one module stands in its own header.
// Source of each number: beside it.
#pragma once

#include <chrono>
#include <cstddef>

namespace tallyfs::limits {

/// A line of the journal with its newline: one write(2) (docs/architecture.md, "Journal").
inline constexpr std::size_t line_bytes_max = 16 * 1024;
/// A label that a caller chooses (service, task): long enough for a URL's host name (253).
inline constexpr std::size_t label_bytes_max = 256;
/// A model's name as Ollama accepts it: host/namespace/model:tag, each part up to 80 or 350.
inline constexpr std::size_t model_bytes_max = 512;
/// `options` and `error` of a line: they can quote prompts, so they are kept short.
inline constexpr std::size_t options_bytes_max = 512;
inline constexpr std::size_t error_bytes_max = 512;
/// Services, tasks and models that get a name of their own; the rest is "(other)".
inline constexpr std::size_t distinct_names_max = 1000;
/// Combinations of service, task and model that are told apart. Each is a row of the open day's
/// figures in memory, for every quarter hour: at most 10,000 x 96 x 250 bytes.
inline constexpr std::size_t distinct_groups_max = 10'000;
/// How long a look-up in the mount may wait for the ledger before it fails with EAGAIN.
inline constexpr std::chrono::milliseconds view_wait_max{2000};

}  // namespace tallyfs::limits
