// A real PostgreSQL server of a test's own, on loopback and on a Unix socket, gone when the test
// ends. Source: initdb(1), postgres(1), pg_basebackup(1), psql(1) of PostgreSQL 12 and newer.
#pragma once

#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::test {

/// Made and used on one thread that lives as long as it: the server is ended when that ends.
/// Everything throws std::runtime_error with the server's own words when it does not work.
class postgres_cluster {
  public:
    /// Why none can be started here: a test says so and is skipped. "" if one can.
    [[nodiscard]] static std::string why_not();
    /// Why none can be started here whose shared_preload_libraries have pgaudit.
    [[nodiscard]] static std::string why_not_pgaudit();

    /// Starts it. `settings` as in postgresql.conf, "max_connections=20"; `access` are lines of
    /// pg_hba.conf that come before the one that trusts everybody. The superuser is "postgres".
    explicit postgres_cluster(std::vector<std::string> settings = {},
                              std::vector<std::string> access = {});
    ~postgres_cluster();
    postgres_cluster(const postgres_cluster&) = delete;
    postgres_cluster& operator=(const postgres_cluster&) = delete;

    /// A streaming standby of it, through a slot of that name if one is named.
    [[nodiscard]] std::unique_ptr<postgres_cluster> standby(
        const std::string& slot = "", std::vector<std::string> settings = {}) const;

    [[nodiscard]] std::string host() const { return "127.0.0.1"; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string socket_directory() const { return directory_.path(); }
    [[nodiscard]] std::string data_directory() const { return directory_.path() / "data"; }
    /// What the server has logged, but for what its collector writes.
    [[nodiscard]] std::string log() const;
    /// What its collector has written to the files in log_directory that end in `ending`, ".json",
    /// the oldest first.
    [[nodiscard]] std::string collected_log(const std::string& ending) const;
    [[nodiscard]] pid_t pid() const noexcept { return server_->pid(); }

    /// What psql prints, unaligned with '|' between columns, without the last newline. Several
    /// statements are several transactions. Throws what psql says where it fails.
    std::string psql(const std::string& sql, const std::string& database = "postgres",
                     const std::string& role = "postgres") const;
    /// psql's command line, for a session that lasts.
    [[nodiscard]] std::vector<std::string> psql_command(const std::string& database,
                                                        const std::string& role) const;
    /// Waits until `sql` gives `expected`; throws when it does not within 10 seconds.
    void wait_until(const std::string& sql, const std::string& expected,
                    const std::string& database = "postgres") const;

    void stop();  ///< as an operator would: sessions are ended, then it is down
    void start();
    void restart();       ///< both, for what is read only at a start
    void reload() const;  ///< returns when new sessions have what the files say now
    void freeze() const;  ///< SIGSTOP to all of its processes: it hangs
    void thaw() const;
    /// Processor time of all of its processes that are there now.
    [[nodiscard]] std::chrono::milliseconds processor_time() const;

  private:
    struct made_of_a_backup {
        explicit made_of_a_backup(const postgres_cluster&) {}
    };
    postgres_cluster(made_of_a_backup, std::vector<std::string> settings);
    void prepare_directory(std::vector<std::string> settings);
    void launch();
    [[nodiscard]] std::vector<pid_t> processes() const;

    temporary_directory directory_;
    std::vector<std::string> settings_;
    std::uint16_t port_ = 0;
    std::unique_ptr<child_process> server_;
    mutable std::unique_ptr<child_process> thawer_;
};

/// A client that stays: psql in a session of its own.
class psql_session {
  public:
    psql_session(const postgres_cluster& server, const std::string& database = "postgres",
                 const std::string& role = "postgres");

    /// Waits for the answer: what psql prints, errors too.
    std::string run(const std::string& sql);
    /// Does not wait: for what will be held up.
    void start(const std::string& sql);
    /// What came for all that was started.
    std::string finish();
    [[nodiscard]] int pid() const noexcept { return pid_; }  ///< of its backend

  private:
    child_process program_;
    std::string unread_;
    int answers_ = 0;
    int pid_ = 0;
};

}  // namespace tallyfs::test
