// Follows the actions and tells people: a thread and a place in the journal for each target, so
// that a slow or dead one delays nobody else. Rules: docs/notify.md.
#pragma once

#include <tallyfs/approval/book.hpp>
#include <tallyfs/notify/target.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/answer_links.hpp>
#include <tallyfs/tree/node.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::notify {

/// Of [[notify]]: each has a thread.
inline constexpr std::size_t targets_max = 32;

struct heartbeat {
    web_address address;
    std::string method = "GET";
    std::chrono::seconds interval{60};
};

struct options {
    std::vector<target> targets;
    std::string link;  ///< base of the links; "": the admin's address
    /// Of one attempt, from the look-up of the name to the head of the answer.
    std::chrono::seconds timeout{15};
    std::optional<notify::heartbeat> heartbeat;
    /// What callbacks of requests may begin with; empty: there are none.
    std::vector<web_address> callbacks_allowed;
};

/// How it goes with one target, with the callbacks, or with the heartbeat.
struct target_status {
    std::string name;
    std::string format;
    std::uint64_t number = 0;              ///< of the last action that is done with
    std::uint64_t actions_behind = 0;      ///< that come after it
    std::optional<wall_time> waits_since;  ///< time of the action whose message is not out yet
    std::uint64_t sent = 0;                ///< since the start
    std::uint64_t failed = 0;              ///< refused for good, and passed over
    std::optional<wall_time> last_success;
    std::string last_error;  ///< never with the address or a token in it
    std::optional<wall_time> last_error_time;
    std::optional<wall_time> next_try;
    std::uint64_t owed = 0;  ///< of the callbacks: outcomes that their programs do not know yet
};

class notifier {
  public:
    struct parts {
        notify::options given;
        knowledge known;
        const state::action_log& actions;
        const clock_source& clock;
        std::filesystem::path directory;  ///< for the places in the journal, `<state>/notify`
        /// A request with what became of it. Any thread.
        std::function<std::optional<approval::entry>(std::uint32_t)> entry;
        /// Signs the links of direct messages. Any thread.
        std::function<std::string(const state::answer&)> sign;
    };
    /// Before the first action of this run: a target that is new begins here. Throws startup_error
    /// if the directory cannot be made. What is referenced outlives it.
    explicit notifier(parts given);
    ~notifier();
    notifier(const notifier&) = delete;
    notifier& operator=(const notifier&) = delete;

    void start();
    /// Cuts off what is being sent; it is sent again after the next start. Idempotent.
    void stop();
    /// There is an action more. Any thread; returns at once.
    void wake();

    /// Any thread. The callbacks come last, where there are any.
    [[nodiscard]] std::vector<target_status> targets() const;
    [[nodiscard]] std::optional<target_status> heartbeat() const;

  private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

/// The directory `notify` of the tree. `now` is called on the view thread: the time that its files
/// show. `from` outlives the directory.
[[nodiscard]] std::shared_ptr<const tree::directory> make_directory(const notifier& from,
                                                                    std::function<wall_time()> now);

}  // namespace tallyfs::notify
