// One server's log on its way into the audit stream, on a thread of its own: read, taken apart,
// judged, kept. Exactly once: docs/architecture.md, "Audit".
#pragma once

#include "trail/checkpoint.hpp"
#include "trail/judging.hpp"
#include "trail/known_keys.hpp"
#include "trail/store.hpp"

#include <tallyfs/audit/event_maker.hpp>
#include <tallyfs/audit/expected_work.hpp>
#include <tallyfs/audit/log_reader.hpp>
#include <tallyfs/audit/self_test.hpp>
#include <tallyfs/audit/windows.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/trail/command_source.hpp>
#include <tallyfs/trail/delivered.hpp>
#include <tallyfs/trail/log_source.hpp>
#include <tallyfs/trail/options.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace tallyfs::trail {

/// What is shown of a feed.
struct feed_status {
    std::string cluster;
    audit::feed_facts facts;
    std::uint64_t events = 0;  ///< that were kept, since the start
    std::uint64_t unreadable = 0;
    std::uint64_t bytes_behind = 0;
    bool not_recorded = false;  ///< the disk refuses
    bool caught_up = false;     ///< the log's end was reached once since the start
    noise_counts noise;
};

/// What became of a batch that was posted.
struct post_outcome {
    int status = 200;        ///< of HTTP
    std::string request_id;  ///< as delivery::request_id
    std::string problem;
};
using post_answer = std::function<void(const post_outcome&)>;

class feed {
  public:
    /// All of it outlives the feed. The functions are called on the feed's thread.
    struct parts {
        audited_server what;
        std::string node;
        const clock_source& clock;
        store& into;
        std::filesystem::path checkpoint_file;
        std::function<shared_judging()> judging;
        std::function<std::shared_ptr<const std::vector<audit::expected_work>>()> expected;
        /// Alerts for what was counted: false if they could not be recorded, and are to be handed
        /// over again. Waits for the disk.
        std::function<bool(const std::vector<audit::tally>&)> report;
        std::function<void()> changed;
    };

    explicit feed(parts with);
    ~feed();
    feed(const feed&) = delete;
    feed& operator=(const feed&) = delete;

    void start();
    /// Keeps what was read, and ends. Idempotent.
    void stop();

    // Any thread.
    /// Takes a body of POST /audit/in/; `answer` is called once, when its events are on the disk,
    /// or at once with 503 where too many wait, or too much.
    void post(std::string body, post_answer answer);
    [[nodiscard]] feed_status status() const;
    /// True while the disk refuses what was read.
    [[nodiscard]] bool not_recorded() const;
    /// Whether a statement with this mark stands in the log: of the newest ones.
    [[nodiscard]] bool has_seen(const std::string& mark) const;
    /// Gaps, forgeries and records that are not understood, counted since the last call.
    struct oddities {
        std::uint64_t gaps = 0;
        std::uint64_t forged = 0;
        std::uint64_t unreadable = 0;
    };
    [[nodiscard]] oddities take_oddities();
    [[nodiscard]] const audited_server& what() const noexcept { return parts_.what; }

  private:
    struct posted {
        std::string body;
        post_answer answer;
        post_outcome outcome;
    };
    /// A way by which entries come; a reader and a maker of events of its own.
    struct intake;

    [[nodiscard]] bool await_index();
    void tell(std::string problem);
    void restore();
    void make_intakes();
    void restore_from_stream(const journal::position& end);
    void run();
    bool read_what_comes();
    void grown();
    bool read_log();
    bool read_archived();
    bool run_command();
    [[nodiscard]] std::deque<posted> take_waiting();
    bool take_posts();
    void deliver(const delivered_message& one);
    bool take_piece(intake& from, const piece& what);
    void take_entry(intake& from, const audit::log_entry& entry);
    void take_event(intake& from, record::audit_event& event);
    void note(const intake& from, const audit::log_entry& entry);
    void note_statement(const audit::log_entry& entry);
    [[nodiscard]] bool is_main(const intake& from) const;
    void note_canary(std::string_view message);
    void count_oddity(std::string_view kind);
    bool commit();
    void each_second();
    [[nodiscard]] bool has_read_all() const;
    void save(const store::line_end& end);
    void keep_checkpoint(const store::line_end& end);
    void answer_posts(bool durable);
    void refuse_posts();
    /// True if what is shown has changed.
    [[nodiscard]] bool publish();

    const parts parts_;
    checkpoint at_;
    std::unique_ptr<intake> log_;
    std::unique_ptr<intake> archives_;
    std::unique_ptr<intake> deliveries_;
    known_keys known_;
    shared_judging judging_;
    std::shared_ptr<const std::vector<audit::expected_work>> expected_;
    audit::windows windows_;
    const unique_fd stop_;  ///< can be read once it stops
    std::optional<command_source> command_;
    std::vector<audit::tally> owed_;           ///< alerts that could not be recorded yet
    std::vector<record::audit_event> events_;  ///< to be appended
    std::vector<posted> taken_;                ///< to be answered once their events are durable
    steady_time next_second_{};
    steady_time last_growth_{};
    /// Keys of what was written after the checkpoint, and comes again in the log.
    std::unordered_set<std::string> written_after_;
    bool careful_ = false;  ///< the log begins anew: whatever is in the stream may come again
    bool caught_up_ = false;
    bool shown_ = false;  ///< something was published
    bool unsaved_ = false;
    error_code save_failure_;  ///< that was said
    std::string command_problem_;
    std::map<std::int32_t, wall_time> last_of_pid_;  ///< of entries logged since complete_from_
    wall_time complete_from_{};
    std::uint64_t read_ = 0;                   ///< entries, since the start
    audit::trust trust_ = audit::trust::text;  ///< of the newest entry
    wall_time grew_{};
    bool ahead_ = false;  ///< the newest entry is of a time that is yet to come
    std::uint64_t kept_ = 0;
    bool not_recorded_ = false;

    mutable std::mutex mutex_;  ///< of all that follows
    std::condition_variable woken_;
    bool stopping_ = false;
    std::deque<posted> posts_;
    std::size_t posted_bytes_ = 0;  ///< of posts_
    feed_status status_;
    std::deque<std::string> marks_;  ///< of the newest canaries that were read
    oddities oddities_;

    std::thread thread_;
};

}  // namespace tallyfs::trail
