// The lines of a text log that make one entry.
// Format: PostgreSQL, "Error Reporting and Logging"; docs/audit.md, "What is read".
#pragma once

#include "audit/log_time.hpp"
#include "audit/prefix_pattern.hpp"
#include "audit/session_users.hpp"

#include <tallyfs/audit/log_entry.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

/// What entries of one log have in common.
struct text_context {
    audit::trust trust = trust::text;
    bool names_user = false;      ///< its prefix has %u
    bool names_sqlstate = false;  ///< its prefix has %e
    log_time time;
    session_users users;
    wall_time last_logged{};  ///< of the last entry
    std::int32_t last_pid = 0;
    std::string text;  ///< what an entry's texts refer to
};

/// Offsets count from the first line of the group.
class text_group {
  public:
    [[nodiscard]] bool is_empty() const noexcept { return parts_.empty(); }
    [[nodiscard]] bool is_forged() const noexcept { return !parts_.empty() && forged_; }
    void clear() noexcept { parts_.clear(); }

    /// `line`, without its end, begins the entry at `offset`; fields refer to it.
    void begin(std::string_view line, const prefix_fields& fields, std::size_t offset, bool forged);
    /// Whether a line like DETAIL with these fields is of this entry.
    [[nodiscard]] bool takes(const prefix_fields& fields) const;
    void attach(std::string_view line, const prefix_fields& fields, std::size_t offset);
    /// The last text goes on, up to `end`.
    void go_on(std::size_t end, bool has_text);

    /// False: it has no time, or no process.
    bool fill(std::string_view bytes, text_context& context, log_entry& entry) const;
    /// The end of an entry that somebody has broken.
    static void fill_stray(std::string_view line, text_context& context, log_entry& entry);

  private:
    struct part {
        char kind = 0;  ///< 0: the entry itself; else of DETAIL, STATEMENT, … the first letter
        std::size_t message = 0;  ///< where its text begins
        std::size_t end = 0;
        bool goes_on = false;
    };
    [[nodiscard]] std::string_view text(const part& of, std::string_view bytes,
                                        text_context& context) const;
    bool fill_prefix(const prefix_fields& fields, text_context& context, log_entry& entry) const;
    void fill_users(std::string_view pid, bool has_context, text_context& context,
                    log_entry& entry) const;

    std::vector<part> parts_;
    prefix_fields fields_;
    const char* base_ = nullptr;  ///< where fields_ were when they were read
    std::size_t offset_ = 0;      ///< of the line that they refer to
    std::string pid_;
    bool forged_ = false;
};

/// DETAIL, HINT, STATEMENT and the like: they follow an entry.
[[nodiscard]] bool is_attached(std::string_view severity) noexcept;
/// Whether a severity stands somewhere in the line, as before a message.
[[nodiscard]] bool has_severity(std::string_view line) noexcept;

}  // namespace tallyfs::audit
