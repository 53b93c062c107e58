// The databases that are registered, from all who say so, and the credentials by name.
// Format: docs/databases.md, "Registering".
#pragma once

#include <tallyfs/health/registration_text.hpp>
#include <tallyfs/postgres/endpoint.hpp>
#include <tallyfs/state/action_log.hpp>
#include <tallyfs/state/desk.hpp>
#include <tallyfs/tree/node.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tallyfs::postgres {

class connection;
class credentials;

/// As whom we look at databases. The password is fetched when it is needed; at most one of the
/// three says from where, and none of them means that the server asks for none.
struct credential {
    std::string name;
    std::string role;
    std::string password_file;      ///< read at each connect: tokens change
    std::string password_variable;  ///< of the environment
    std::string password_command;   ///< its first line is the password; bounded and timed
    /// How long what the command printed for a server is kept; 0: it runs at each connect.
    std::chrono::seconds password_valid{0};
    /// Where it may be sent: exact names and addresses, or "*.db.example". Whoever may register a
    /// database must not be able to have a password sent to a host of his own. Hosts and ports
    /// that the configuration itself names with this credential need not be repeated.
    std::vector<std::string> hosts;
};

/// A query that says which databases there are: its columns are called as those of the CSV.
struct inventory {
    health::registration where;  ///< host, port, database, credential, tls
    std::string query;
    std::chrono::seconds every{3600};
};

/// What the configuration says.
struct registry_options {
    std::vector<credential> credentials;
    std::vector<health::registration> databases;
    std::filesystem::path file;  ///< a CSV; "" if there is none
    std::optional<postgres::inventory> inventory;
};

/// What is wrong with it and with the files that it names, a sentence each; asks no server and
/// runs no command.
[[nodiscard]] std::vector<std::string> problems_of(const registry_options& given);

/// Immutable once made.
struct registered {
    std::vector<health::registration> databases;  ///< by path, each path once
    std::vector<std::string> problems;  ///< entries that are not used, each with source and reason
    std::uint64_t version = 0;
};

/// Merges what the configuration, the file, the inventory and people say; where two speak of one
/// path, the first of them in this order holds.
class registry {
  public:
    /// `operator_of` says who a user is that may register; nullopt for one who may not. Everything
    /// that is referenced outlives the registry.
    struct parts {
        registry_options given;
        state::action_log& actions;
        state::desk& desk;
        state::last_errors& errors;
        const clock_source& clock;
        std::function<std::optional<record::actor>(const tree::user&)> operator_of;
    };
    explicit registry(parts given);
    ~registry();
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;

    // At start, on the main thread, in this order.
    /// Called after each change of what current(), inbox() or the user's last error says, on the
    /// thread that made it; returns at once.
    void on_change(std::function<void()> listener) { listener_ = std::move(listener); }
    void replay(const record::action& past);
    /// Reads the file, and publishes what there is.
    void put_in_force();
    /// Begins to look at the file every 10 seconds and at the inventory, and to check what is new.
    void start();
    /// Ends that, and every command that fetches a password, within a second. Idempotent; nothing
    /// is fetched any more.
    void stop();

    /// Any thread.
    [[nodiscard]] std::shared_ptr<const registered> current() const;
    /// Looks at the file, where it has changed, and at the inventory, where it is due. One thread
    /// at a time: after start() it is the registry's own.
    void look();

    /// databases/new/<name>: a registration in words, or "forget PATH", "activate PATH",
    /// "deactivate PATH". Any thread. Answers EACCES, EINVAL (the reason is in the user's
    /// last_error and in the inbox), EAGAIN, or why the journal could not be written.
    void register_new(const tree::user& by, std::string name, std::string text,
                      tree::answer answer);
    /// Whether more of it has to come before it can be judged: words of a registration without all
    /// that must be given.
    [[nodiscard]] static bool is_part(std::string_view text);
    /// What became of a file that this user made in databases/new: first that it is being checked,
    /// then what was found and what to do. Any thread.
    [[nodiscard]] std::optional<std::string> inbox(std::uint32_t uid, std::string_view name) const;
    /// Grows with each change of an inbox.
    [[nodiscard]] std::uint64_t inbox_changes() const noexcept { return inbox_changes_; }

    /// Where to connect for a look, or for `remedies`, with the password: reads a file or runs a
    /// command, at most 11 seconds. Any thread. Fails for a credential that is not there, whose
    /// password may not be sent to this host, or that cannot be fetched.
    [[nodiscard]] outcome<endpoint> endpoint_of(const health::registration& what,
                                                bool remedies) const;

  private:
    enum source : std::size_t { from_configuration, from_file, from_inventory, from_people };
    struct source_state {
        std::vector<health::registration> entries;
        std::vector<std::string> problems;
        bool was_whole = false;  ///< `entries` are all of what was said once, without a mistake
    };
    /// To be looked at, for the file in databases/new.
    struct check {
        std::uint32_t uid = 0;
        std::string name;
        health::registration what;
    };
    using file_identity = std::array<std::int64_t, 5>;

    /// A connection that stop() abandons; none once it was called.
    class used_connection;

    void look_at_file();
    void look_at_inventory();
    [[nodiscard]] health::registration_list ask_inventory();
    void take(source from, health::registration_list said);
    [[nodiscard]] bool publish();  // mutex_ is held

    // On the desk.
    [[nodiscard]] state::command_failure carry_out(const tree::user& by, const std::string& name,
                                                   const std::string& text);
    [[nodiscard]] state::command_failure enter(const health::registration& wanted,
                                               const record::actor& by);
    [[nodiscard]] state::command_failure forget(const std::string& path, const record::actor& by);
    /// By its path, or the path of its directory.
    [[nodiscard]] std::optional<health::registration> created(std::string_view path) const;
    [[nodiscard]] std::string refusal_of(const health::registration& wanted) const;
    void put(const health::registration& what);
    void remember(std::uint32_t uid, const std::string& name, std::string text);

    void run_looks();
    void run_checks();
    [[nodiscard]] std::string checked(const health::registration& what);

    const parts parts_;
    const std::unique_ptr<credentials> credentials_;
    std::function<void()> listener_ = [] {};

    mutable std::mutex mutex_;
    std::array<source_state, 4> sources_;        ///< guarded by mutex_
    std::shared_ptr<const registered> current_;  ///< guarded by mutex_
    std::map<std::pair<std::uint32_t, std::string>, std::string, std::less<>> inbox_;  ///< likewise
    std::atomic<std::uint64_t> inbox_changes_{0};

    // Of look() alone.
    std::optional<file_identity> file_seen_;
    std::optional<steady_time> inventory_due_;

    std::condition_variable wake_;
    std::deque<check> checks_;      ///< guarded by mutex_
    std::set<connection*> in_use_;  ///< guarded by mutex_
    bool stopping_ = false;         ///< guarded by mutex_
    std::thread looking_;
    std::thread checking_;
};

}  // namespace tallyfs::postgres
