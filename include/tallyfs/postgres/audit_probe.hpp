// Looks at a server for the audit of the audit, and sends it the statement that has to turn up in
// its log. Judged by: include/tallyfs/audit/self_test.hpp.
#pragma once

#include <tallyfs/audit/accounts.hpp>
#include <tallyfs/audit/self_test.hpp>
#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/postgres/endpoint.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::postgres {

class connection;
struct database_to_look_at;

/// One for each server, from start to end: it remembers which settings roles had before, as
/// sessions that run keep them. look() and send_canary() from one thread; abandon() from any.
class audit_probe {
  public:
    /// Throws startup_error.
    audit_probe();
    audit_probe(const audit_probe&) = delete;
    audit_probe& operator=(const audit_probe&) = delete;
    ~audit_probe();

    /// All facts, on connections of its own that end with it: at most 15 s. What is hidden from the
    /// role is in `missing`; a failure where the server cannot be asked at all, or does not tell
    /// its roles and settings.
    [[nodiscard]] outcome<audit::server_facts> look(const endpoint& where,
                                                    const audit::accounts& who);
    /// Sends a statement of class FUNCTION with a mark that nobody can guess, on a new connection
    /// (a session that runs keeps old settings): at most 10 s. `sent` is left to the caller. The
    /// mark is in a comment: it is in the log's entry, and not in what is masked of it.
    [[nodiscard]] audit::canary send_canary(const endpoint& where);
    /// Ends what runs, at once; later calls fail at once.
    void abandon() noexcept;

    static constexpr std::size_t databases_max = 50;

  private:
    class borrowed;
    [[nodiscard]] outcome<borrowed> open(const endpoint& where, steady_time deadline);
    void look_at_databases(const endpoint& where, const std::vector<database_to_look_at>& databases,
                           steady_time deadline, audit::server_facts& into);
    void remember(audit::server_facts& seen);

    std::mutex mutex_;
    connection* in_use_ = nullptr;  ///< guarded by mutex_
    bool abandoned_ = false;        ///< guarded by mutex_
    unique_fd give_up_;             ///< readable from abandon() on

    /// Of people's roles, as the look before saw them.
    struct remembered {
        audit::role_settings settings;
        std::vector<audit::earlier_settings> earlier;
    };
    std::map<std::string, remembered> before_;
    wall_time looked_before_{};
};

}  // namespace tallyfs::postgres
