// Whether a session's lines are all there: a server numbers them without gaps.
// Source: PostgreSQL, "Error Reporting and Logging", session_line_num; docs/audit.md.
#pragma once

#include <tallyfs/audit/event_maker.hpp>

#include <cstdint>
#include <optional>

namespace tallyfs::audit {

struct missing_lines {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

class line_watch {
  public:
    explicit line_watch(session_lines known, std::optional<wall_time> begun_until)
        : sessions_(std::move(known)), begun_until_(begun_until) {}

    /// What is missing before this entry; nullopt: nothing, or it does not tell its session and
    /// line. What comes again is nothing new.
    std::optional<missing_lines> see(const log_entry& entry);
    void lines_unknown() noexcept;
    [[nodiscard]] const session_lines& sessions() const noexcept { return sessions_; }
    [[nodiscard]] std::optional<wall_time> begun_until() const noexcept {
        return unknown_ ? std::nullopt : begun_until_;
    }

  private:
    void forget_silent();

    session_lines sessions_;
    session_lines::iterator last_ = sessions_.end();  ///< entries of one session come in a row
    bool unknown_ = false;
    /// Sessions that began before can have lines that nobody has seen.
    std::optional<wall_time> begun_until_;
};

}  // namespace tallyfs::audit
