// Follows the links of a chain from line to line.
// Format: docs/formats.md, "Chains".
#pragma once

#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <map>

namespace tallyfs::journal {

using line_listener = std::function<void(std::string_view line)>;

/// Goes on behind a break with what is there. What is passed by reference outlives it.
class chain_checker {
  public:
    chain_checker(const std::vector<chain_head>& known, const line_listener& each_line,
                  const std::vector<chain_head>& bases);

    /// Begins in the middle, behind a line that nobody looks at.
    void begin_behind(const chain_head& line);
    result<void> read(const segment_status& segment);
    chain_report finish();

  private:
    /// The end of what was deleted on purpose, which is a line like others until then.
    struct recorded_base {
        std::string hash;
        bool met = false;
        bool contradicted = false;  ///< another one was recorded for the same line
    };
    void take(std::string_view line);
    void begin_at(const record::chain_link& first);
    void check(const record::chain_link& link);
    void meet();
    void check_bases();
    [[nodiscard]] bool begins_rightly() const;
    void check_head(const chain_head& head);
    void note(std::string what);

    const std::vector<chain_head>& known_;
    std::vector<bool> met_;
    const line_listener& each_line_;
    std::map<std::uint64_t, recorded_base> bases_;
    std::optional<chain_head> begin_;  ///< the line before the first one
    bool begins_inside_ = false;       ///< by begin_behind()
    chain_break first_line_;           ///< where it is
    chain_report report_;
    std::string file_;
    std::uint64_t line_in_file_ = 0;
};

/// As verify_chain(), of the segments from the one on that has the line of the first known head;
/// of the newest ones where none is known.
[[nodiscard]] chain_report verify_end(const std::filesystem::path& directory,
                                      const std::vector<chain_head>& known,
                                      const line_listener& each_line,
                                      const std::vector<chain_head>& bases);

/// The line before a segment's first one, as that tells it; nullopt where it tells nothing. Errors:
/// those of reading.
[[nodiscard]] result<std::optional<chain_head>> read_before_first(const segment_status& segment);

}  // namespace tallyfs::journal
