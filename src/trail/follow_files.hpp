// Follows the log files of one server through every way of rotating them.
// Meaning: docs/audit.md, "Following files"; the contract is tallyfs/trail/log_source.hpp.
#pragma once

#include "trail/file_place.hpp"
#include "trail/given_bytes.hpp"
#include "trail/head_index.hpp"
#include "trail/log_files.hpp"
#include "trail/log_head.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/trail/log_source.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tallyfs::trail {

/// What tests set: everything else has these figures.
struct follow_options {
    const clock_source* clock = &system_clock_source();
    /// Between two looks at the directory.
    std::chrono::milliseconds look_interval{1'000};
    /// How long a file has to be silent, once there is a newer one, before it is left: its writer
    /// may not have gone over yet.
    std::chrono::milliseconds silence{1'000};
};

/// Every file is known with an offset, and the oldest that has bytes behind its offset is read; so
/// what is written late to a file that was left is read as well, only later.
class file_follower final : public log_source {
  public:
    /// As follow_files().
    file_follower(std::filesystem::path pattern, const std::string& begin_at, bool from_oldest,
                  follow_options options = {});
    ~file_follower() override;

    result<piece> next() override;
    [[nodiscard]] std::string place(std::uint64_t pending) const override;
    [[nodiscard]] std::string problem() const override;
    [[nodiscard]] std::uint64_t bytes_behind() const override;

  private:
    /// One content of a file: who is emptied and written again is another one.
    using content_number = std::uint64_t;
    enum class state : std::uint8_t {
        there,    ///< in the directory
        deleted,  ///< no more, but we have it open
        cut,      ///< its bytes are gone, or in a copy
    };
    struct followed_file {
        std::string name;
        file_id id;
        std::uint64_t size = 0;
        std::uint64_t offset = 0;
        std::int64_t modified_ns = 0;
        log_head head;
        unique_fd fd;  ///< while it is read, or is going to be
        state where = state::there;
        content_number copy_of = 0;  ///< not read while that one is there
        content_number goes_on = 0;  ///< what it goes on with: no other file begins
        /// Its head was known before a look: copies of what it held earlier are known too.
        bool is_confirmed = false;
        bool was_taken_over = false;  ///< another one goes on with it
        bool may_be_lost = false;     ///< it was cut off before it was certainly read
        bool is_unopened = false;     ///< it may be a copy, and must not be read: compared later
        /// Looks in a row that did not show it; of one that was cut off, that showed everything.
        int missed = 0;
        std::string problem;  ///< why it cannot be opened
        [[nodiscard]] bool has_more() const noexcept { return size > offset && copy_of == 0; }
    };
    using file_map = std::map<content_number, followed_file>;

    // follow_files.cpp: what is read
    result<std::size_t> read_current();
    piece give(std::size_t bytes);
    [[nodiscard]] bool is_silent();
    [[nodiscard]] content_number oldest_with_more() const;
    bool go_over_to(content_number number);
    bool open_file_of(followed_file& file);

    // follow_files_look.cpp: what the directory shows
    void look_if_due();
    void look();
    bool is_believed(std::optional<steady_time>& since, bool is_whole, steady_time now);
    void note(const listing& made);
    void note_known(content_number number, const listed_file& seen);
    void note_missed(const std::set<content_number>& seen, content_number last_known);
    content_number cut_off(content_number number, std::uint64_t size, std::int64_t modified_ns);
    void tell_of_losses();
    void open_ahead();
    [[nodiscard]] static bool waits_for_copy(const followed_file& file);
    void forget_done(bool is_settled);

    // follow_files_copies.cpp: what is new, and whether it is a copy
    enum class likeness : std::uint8_t { other, copy, undecided };
    struct newcomer {
        likeness like = likeness::other;
        content_number with = 0;  ///< what it is a copy of
        log_head head;
        bool is_uncompared = false;  ///< because it could not be opened, or the other could not
        std::string problem;         ///< why it cannot be opened
    };
    [[nodiscard]] head_index known_heads() const;
    void add_head(head_index& heads, content_number number) const;
    void note_new_ones(std::vector<const listed_file*> files);
    void note_new(const listed_file& seen, head_index& heads);
    [[nodiscard]] newcomer compare(const listed_file& seen, const head_index& heads) const;
    void decide_on_short(newcomer& made, const listed_file& seen, content_number original) const;
    void hand_over(content_number from, followed_file& to);
    void limit_to_copy(followed_file& copy);
    void hand_over_to_copy(content_number from);

    // follow_files_place.cpp: beginning, and going on
    void begin(const listing& made);
    void begin_anew(const listing& made);
    void go_on(const listing& made);
    void go_on_with(const placed_file& one, const listed_file* seen,
                    std::map<file_id, content_number>& found);
    void tell_of_missing_first();
    [[nodiscard]] bool was_read_before(const listed_file& file) const;
    [[nodiscard]] const listed_file* find_placed(const placed_file& placed,
                                                 const listing& made) const;
    [[nodiscard]] placed_file placed(const followed_file& file) const;
    void notice(std::string text);

    follow_options options_;
    log_files files_;
    std::string begin_text_;
    file_place begin_at_;
    bool from_oldest_;
    bool has_begun_ = false;
    listed_file read_up_to_;  ///< as it was when this began; "": nothing was
    std::int64_t read_before_ns_ = INT64_MIN;
    std::set<file_id> unread_;  ///< the place knew them, and nothing of them was read

    file_map known_;
    content_number last_number_ = 0;
    content_number current_ = 0;     ///< 0: none
    content_number last_given_ = 0;  ///< 0: none
    content_number newer_ = 0;       ///< what is to be read when the current one is at its end
    given_bytes given_;
    std::vector<char> buffer_;

    std::int64_t listed_ns_ = 0;
    steady_time next_look_;
    std::optional<steady_time> unstable_since_;
    bool has_uncompared_ = false;  ///< the last look could not compare what may be a copy
    std::optional<steady_time> uncompared_since_;
    steady_time last_grew_{};
    std::optional<steady_time> newer_since_;
    std::string listing_problem_;
    std::string notice_;
    steady_time notice_until_{};
};

}  // namespace tallyfs::trail
