// Asks the upstream what it is and what it has loaded while there is traffic, and publishes it.
// Source: GET /api/version and GET /api/ps; docs/ollama.md.
#pragma once

#include <boost/json/value.hpp>
#include <proxy/context.hpp>
#include <proxy/upstream_pool.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tallyfs::proxy {

/// The body of /api/ps; nullopt if it is not one.
[[nodiscard]] std::optional<std::vector<state::loaded_model>> parse_loaded(std::string_view body);
/// The body of /api/version; nullopt if it is not one.
[[nodiscard]] std::optional<std::string> parse_version(std::string_view body);

/// The functions marked so are for any thread; the rest runs on `context`'s.
class watcher {
  public:
    watcher(proxy_context& context, asio::io_context& io);
    ~watcher();
    watcher(const watcher&) = delete;
    watcher& operator=(const watcher&) = delete;

    void start();
    /// Ends the loop; its last operation is then being cancelled. On the watcher's thread.
    void stop();

    /// Any thread: a request came; look again for half a minute.
    void touch(steady_time now);
    /// Any thread: something changed; look now.
    void refresh();
    /// Any thread: a call of ours asked for the model, so that its load is not someone else's.
    void note_asked(std::string_view model);
    /// Any thread: the upstream answered a call for the model.
    void note_served(std::string_view model, wall_time when);
    [[nodiscard]] bool served_since(std::string_view model, wall_time when) const;

  private:
    struct connection;
    task<> run();
    void follow_choice();
    task<> look();
    task<std::optional<std::string>> get(connection& to, std::string_view target);
    task<error_code> get_once(connection& to, std::string_view target, std::string& body);
    task<> pause();
    void publish_failure(const std::string& why);
    void count_loads_past_proxy(const std::vector<state::loaded_model>& loaded);

    proxy_context& context_;
    asio::io_context& io_;
    steady_timer pause_timer_;
    upstream_pointer to_;
    std::shared_ptr<connection> connection_;  // shared with its deadline
    bool stopping_ = false;
    bool look_again_ = false;
    std::chrono::steady_clock::time_point last_look_{};

    state::upstream_status status_;
    std::optional<std::set<std::string>> seen_loaded_;  // nullopt before the first look
    std::string last_failure_;

    std::atomic<std::int64_t> traffic_ns_{0};  // steady time of the last request
    std::atomic<bool> asleep_{false};

    mutable std::mutex names_mutex_;
    std::map<std::string, std::optional<wall_time>, std::less<>> asked_;  // and when last served
};

}  // namespace tallyfs::proxy
