// The `actions` stream: every change, request, decision and effect, in a chain. Its sole writer.
// Format: docs/formats.md, "An action's line" and "Chains".
#pragma once

#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/action.hpp>

#include <functional>
#include <string>

namespace tallyfs::state {

class action_log {
  public:
    /// Reads all actions there are, oldest first, into `replay`; a line that cannot be read is
    /// counted and logged. A chain that does not hold is recorded as an action of its own. Throws
    /// startup_error. `lines` outlives the log.
    action_log(journal::stream& lines, std::filesystem::path head_file, std::string node,
               const std::function<void(const record::action&)>& replay);

    /// Records what was done by `by`: on the disk when this returns. An action that is recorded
    /// but may not survive a power cut is returned as well, and said in the log. Errors: those of
    /// journal::stream::append(); then nothing was recorded, and nothing may be done.
    result<record::action> record(std::string event, std::string subject, record::actor by,
                                  std::string detail);

    [[nodiscard]] journal::chain_head head() const { return chain_.head(); }
    /// What was found at the start.
    [[nodiscard]] const journal::chain_report& found() const noexcept { return chain_.found(); }
    [[nodiscard]] const journal::stream& lines() const noexcept { return lines_; }

  private:
    class reading;
    action_log(journal::stream& lines, std::filesystem::path head_file, std::string node,
               reading&& read);

    journal::stream& lines_;
    const std::string node_;
    journal::chain chain_;
};

}  // namespace tallyfs::state
