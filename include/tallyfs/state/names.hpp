// A bound on names that callers can invent: the first 1,000 keep theirs, the rest is "(other)".
// Reason: docs/architecture.md, "The tree": headers can invent names.
#pragma once

#include <tallyfs/base/limits.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace tallyfs::state {

inline constexpr std::string_view other_name = "(other)";

/// Any thread.
class bounded_names {
  public:
    explicit bounded_names(std::size_t names_max = limits::distinct_names_max)
        : names_max_(names_max) {}
    /// Enters a name without asking (those that the ledger knows, at start).
    void know(std::string_view name);
    /// `name` itself if it is known or there is room for it, else "(other)".
    [[nodiscard]] std::string admit(std::string_view name);
    /// Whether the name is known, or there is room for it, which it then has.
    [[nodiscard]] bool enter(std::string_view name);

  private:
    std::size_t names_max_;
    std::mutex mutex_;
    std::unordered_set<std::string> names_;
};

}  // namespace tallyfs::state
