// Tells programs the outcome of what they asked for: follows the actions, keeps what is owed in a
// file each, and sends to several addresses at once. Rules: docs/approvals.md, "For programs".
#pragma once

#include "notify/follower.hpp"
#include "notify/owed_callback.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace tallyfs::notify {

struct reply;

class callbacks {
  public:
    /// Reads what is owed from before. `shared` outlives it. Throws startup_error if the directory
    /// cannot be made.
    explicit callbacks(const notifier::parts& shared);
    ~callbacks() { stop(); }
    callbacks(const callbacks&) = delete;
    callbacks& operator=(const callbacks&) = delete;

    void start();
    void stop();
    void wake() { stop_->wake(); }
    [[nodiscard]] target_status status() const;

  private:
    struct owed {
        owed_callback what;
        web_address to;
        std::chrono::steady_clock::time_point next_try;
        unsigned failures = 0;
        bool on_its_way = false;
    };
    [[nodiscard]] std::filesystem::path file_of(std::uint32_t request) const;
    void read_owed();
    // Of the thread that follows the actions.
    [[nodiscard]] follower::taken take(std::string_view line);
    [[nodiscard]] std::optional<approval::entry> ended_entry(std::uint32_t number);
    [[nodiscard]] bool write(const owed_callback& what);
    /// Why it cannot be owed, or "".
    [[nodiscard]] std::string add(owed_callback what);
    // Of the threads that send.
    void send_all(const std::shared_ptr<stopper>& stop);
    [[nodiscard]] std::optional<owed> next();
    void note(const owed& sent, const reply& answer);
    void give_up(std::uint32_t request, const std::string& why);
    void forget(std::uint32_t request);
    void note_error(std::string error);

    const notifier::parts& shared_;
    const std::filesystem::path directory_;
    follower actions_;
    const std::shared_ptr<stopper> stop_ = std::make_shared<stopper>();
    std::vector<std::shared_ptr<stopper>> senders_;
    std::vector<std::thread> threads_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::condition_variable changed_;
    bool stopping_ = false;
    std::map<std::uint32_t, owed> owed_;
    std::minstd_rand random_{std::random_device{}()};
    target_status status_;
};

}  // namespace tallyfs::notify
