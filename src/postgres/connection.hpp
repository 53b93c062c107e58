// One connection to a PostgreSQL server that cannot hold anybody up: every call has a deadline,
// also against a server that was stopped in the middle of an answer.
// Source: libpq (https://www.postgresql.org/docs/15/libpq.html).
#pragma once

#include <tallyfs/postgres/endpoint.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

/// How long each step may take. The server is told the first two as well.
struct patience {
    std::chrono::milliseconds statement{5'000};
    std::chrono::milliseconds lock{200};
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds slack{1'000};  ///< added to `statement` for the way there and back
};

class wire;

/// One thread at a time.
class connection {
  public:
    using row = std::vector<std::optional<std::string>>;  ///< as the server writes them
    using rows = std::vector<row>;
    using parameters = std::vector<std::optional<std::string>>;

    /// Connects as application "tallyfs", with search_path, time zone and date style pinned, and
    /// statement_timeout and lock_timeout set.
    /// `give_up`: a descriptor that becomes readable when there is no need for it any more; −1:
    /// none.
    [[nodiscard]] static outcome<std::unique_ptr<connection>> open(const endpoint& where,
                                                                   const patience& limits,
                                                                   int give_up = -1);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// One statement, in a transaction of its own that is READ ONLY. An answer of more than
    /// answer_bytes_max is a failure that costs the connection.
    [[nodiscard]] outcome<rows> read(const std::string& sql, const parameters& values = {});
    /// Several, each in such a transaction of its own, in one round trip: the answer to each, in
    /// the order of `statements`. All together have the time of one. A failure only if the
    /// connection is lost.
    [[nodiscard]] outcome<std::vector<outcome<rows>>> read_each(
        const std::vector<std::string>& statements);
    /// In one transaction that may write: all of them, or none. The rows of the last one. Each may
    /// be several, separated by semicolons; none of them may end the transaction.
    [[nodiscard]] outcome<rows> write(const std::vector<std::string>& statements);
    /// Outside of any transaction, as VACUUM and CREATE INDEX CONCURRENTLY ask for; may take
    /// `statement_max` in place of patience::statement.
    [[nodiscard]] outcome<rows> run(const std::string& statement,
                                    std::chrono::milliseconds statement_max);

    [[nodiscard]] std::int32_t version() const noexcept;  ///< server_version_num
    [[nodiscard]] std::int32_t pid() const noexcept;      ///< of our backend
    [[nodiscard]] std::string role() const;               ///< as whom; an identifier in SQL
    /// Ends what runs on it from another thread, at once: the call fails with connection_lost. The
    /// server notices when it next writes to us, or at its statement_timeout.
    void abandon() noexcept;

    static constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;

  private:
    explicit connection(std::unique_ptr<wire> made, const patience& limits);
    outcome<rows> finish(outcome<rows> answer);

    std::unique_ptr<wire> wire_;
    patience limits_;
};

}  // namespace tallyfs::postgres
