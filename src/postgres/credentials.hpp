// The credentials of the configuration: where each password comes from, and where it may go.
// Format: docs/configuration.md, "Databases".
#pragma once

#include "postgres/connection.hpp"
#include "postgres/password_command.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/health/registration.hpp>
#include <tallyfs/postgres/registry.hpp>

#include <future>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tallyfs::postgres {

/// What the file says on its first line. Refused if others can read it.
[[nodiscard]] outcome<password> read_password_file(const std::string& file);

/// Any thread.
class credentials {
  public:
    /// `trusted`: what the configuration itself says of databases and of the inventory.
    credentials(std::vector<credential> known, std::span<const health::registration> trusted,
                const clock_source& clock);

    /// Why the credentials of this registration cannot be used for it, or "".
    [[nodiscard]] std::string problem_of(const health::registration& what) const;
    /// As registry::endpoint_of().
    [[nodiscard]] outcome<endpoint> endpoint_of(const health::registration& what, bool remedies);
    /// Ends the commands that run; later ones end at once.
    void stop() noexcept;
    /// A descriptor that can be read once stop() was called.
    [[nodiscard]] int stopped() const noexcept { return stop_.get(); }

  private:
    struct printed {
        password value;
        steady_time valid_until{};
        std::shared_future<outcome<password>> running;  ///< valid while the command runs
    };

    [[nodiscard]] const credential* find(std::string_view name) const;
    [[nodiscard]] std::string problem_of(const std::string& name,
                                         const health::registration& what) const;
    [[nodiscard]] bool may_go(const credential& what, const health::registration& where) const;
    [[nodiscard]] outcome<password> password_of(const credential& what,
                                                const health::registration& where);
    [[nodiscard]] outcome<password> run_once(const credential& what,
                                             const health::registration& where);

    const std::vector<credential> known_;
    /// host and port, with the name of a credential
    std::vector<std::pair<std::string, std::pair<std::string, std::uint16_t>>> trusted_;
    const clock_source& clock_;
    const unique_fd stop_;
    std::mutex mutex_;
    std::map<std::string, printed, std::less<>>
        printed_;  ///< guarded by mutex_; by credential and server
};

}  // namespace tallyfs::postgres
