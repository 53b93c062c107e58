// The prompts of the day that is open, to tell first calls from repeated ones. They stand in
// memory; the file holds the log from which they are made again.
// Format: docs/formats.md, "Ledger", table prompt_log.
#pragma once

#include "ledger/names.hpp"

#include <tallyfs/ledger/ledger.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tallyfs::ledger {

/// Prompts of one day that are told apart, 64 MB of memory: a day of 12 new ones a second. Of
/// prompts beyond that the calls are counted, but not whether they repeat.
inline constexpr std::size_t prompts_of_day_max = 1'000'000;

/// Appends a call to a log. Does nothing for a call whose prompt is not compared: no hash, or a
/// load or unload, which have no prompt.
void append_prompt(std::string& log, const record::call& c, group_id of);

/// A prompt hash in the form in which the file holds it: its 16 bytes where it is the 32 digits
/// that lines of ours hold, otherwise the text.
struct stored_hash {
    std::string bytes;
    bool digits = false;
};
[[nodiscard]] std::string to_text(const stored_hash& hash);

class prompts_of_day {
  public:
    struct counts {
        std::int64_t calls = 0;
        std::int64_t repeats = 0;
        record::duration busy{};  ///< of the repeats
    };
    struct repeated {
        group_id of = 0;
        stored_hash hash;
        std::int64_t calls = 0;
        record::duration busy{};  ///< of all calls but the first
        std::int64_t tokens = 0;  ///< of all calls but the first
        wall_time first{};
        wall_time last{};
    };

    /// Enters the calls of a log in order. False if the log is damaged or has a group that is not
    /// below `groups`.
    [[nodiscard]] bool enter(std::string_view log, std::size_t groups);
    [[nodiscard]] const std::unordered_map<group_id, counts>& by_group() const noexcept {
        return by_group_;
    }
    /// Prompts with more than one call.
    [[nodiscard]] std::vector<repeated> repeats() const;

  private:
    using key = std::array<char, 16>;
    struct prompt {
        key hash{};
        group_id of = 0;
        std::uint32_t again = 0;  ///< 1 + index into again_; 0: one call only
        wall_time first{};
    };
    struct again {
        std::uint32_t prompt = 0;
        std::int64_t calls = 1;
        record::duration busy{};
        std::int64_t tokens = 0;
        wall_time last{};
    };
    struct log_entry;
    void enter(const log_entry& entry);
    [[nodiscard]] std::uint32_t* find_slot(const key& hash, group_id of);
    void grow();

    std::vector<prompt> prompts_;
    std::vector<again> again_;
    std::vector<std::uint32_t> slots_;  ///< 1 + index into prompts_, open addressing; 0: free
    std::unordered_map<group_id, counts> by_group_;
    std::unordered_map<std::string, std::string> texts_;  ///< by key, of hashes that are texts
};

}  // namespace tallyfs::ledger
