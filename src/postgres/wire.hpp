// A session over libpq's asynchronous functions: only those let every step have a deadline, from
// the handshake on. Source: PostgreSQL, "Asynchronous Command Processing" and "Pipeline Mode".
#pragma once

#include "postgres/connection.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/file.hpp>

#include <libpq-fe.h>
#include <memory>

namespace tallyfs::postgres {

/// Any failure that is not the server's answer to a statement costs the session.
class wire {
  public:
    using rows = connection::rows;

    /// As connection::open; nothing is pinned yet.
    [[nodiscard]] static outcome<std::unique_ptr<wire>> open(const endpoint& where,
                                                             steady_time deadline, int give_up);
    ~wire();
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    /// One message of one or more statements: the rows of the last one, or the first failure.
    [[nodiscard]] outcome<rows> send(const std::string& text, steady_time deadline);
    /// One statement with values for its $1, $2, ….
    [[nodiscard]] outcome<rows> send(const std::string& text, const connection::parameters& values,
                                     steady_time deadline);
    /// Each on its own, all of them sent before the first answer is read.
    [[nodiscard]] outcome<std::vector<outcome<rows>>> send_each(
        const std::vector<std::string>& statements, steady_time deadline);

    [[nodiscard]] PGTransactionStatusType transaction() const noexcept;
    /// What the last answer was to: "COMMIT", "ROLLBACK", "VACUUM".
    [[nodiscard]] const std::string& command_tag() const noexcept { return command_tag_; }
    [[nodiscard]] std::int32_t version() const noexcept;
    [[nodiscard]] std::int32_t pid() const noexcept;
    [[nodiscard]] std::string_view role() const noexcept { return PQuser(session_.get()); }
    /// From any thread: whatever waits stops waiting.
    void shut() noexcept;

  private:
    struct closer {
        void operator()(PGconn* session) const noexcept { PQfinish(session); }
    };
    using session_handle = std::unique_ptr<PGconn, closer>;

    explicit wire(session_handle session);
    [[nodiscard]] static outcome<session_handle> connect(const endpoint& where,
                                                         const std::string& address,
                                                         steady_time deadline, int give_up);
    std::optional<failure> await(steady_time deadline);
    outcome<rows> collect(steady_time deadline);
    std::optional<failure> take(const PGresult* part, rows& kept, std::size_t& bytes);
    failure lose(failure why);
    failure broken();

    session_handle session_;
    /// A descriptor of our own: libpq closes its own when the connection breaks, and the number
    /// may be another file's a moment later.
    unique_fd socket_;
    std::optional<failure> lost_;  ///< why it is of no use any more
    std::string command_tag_;
};

}  // namespace tallyfs::postgres
