#include "postgres/wire.hpp"

#include "postgres/addresses.hpp"
#include "postgres/wording.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <poll.h>

namespace tallyfs::postgres {

namespace {

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

/// Debian's and Ubuntu's bundle (ca-certificates): libpq has sslrootcert=system from 16 on only.
constexpr auto system_authorities = "/etc/ssl/certs/ca-certificates.crt";

enum class waited : std::uint8_t { ready, late, given_up };

waited wait_for(int socket, short events, steady_time deadline, int give_up) {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady::now());
        if (left.count() <= 0) return waited::late;
        std::array<pollfd, 2> wanted{pollfd{socket, events, 0}, pollfd{give_up, POLLIN, 0}};
        const int time = static_cast<int>(std::min(left, milliseconds(60'000)).count());
        if (::poll(wanted.data(), wanted.size(), time) <= 0) continue;
        if (wanted[1].revents != 0) return waited::given_up;
        if (wanted[0].revents != 0) return waited::ready;
    }
}

std::size_t bytes_of(const connection::row& values) {
    std::size_t bytes = sizeof values + values.size() * sizeof values.front();
    for (const auto& value : values) bytes += value ? value->size() : 0;
    return bytes;
}

}  // namespace

wire::wire(session_handle session)
    : session_(std::move(session)),
      socket_(::fcntl(PQsocket(session_.get()), F_DUPFD_CLOEXEC, 0)) {}

wire::~wire() = default;

outcome<std::unique_ptr<wire>> wire::open(const endpoint& where, steady_time deadline,
                                          int give_up) {
    std::vector<std::string> addresses{""};
    if (!where.host.starts_with('/')) {
        auto found = addresses_of(where.host, deadline, give_up);
        if (!found) return found.error();
        addresses = std::move(*found);
    }
    failure why;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        // A silent address leaves time for the next one.
        const auto left = deadline - steady::now();
        const auto share = steady::now() + left / static_cast<int>(addresses.size() - i);
        auto session = connect(where, addresses[i], share, give_up);
        if (session) {
            std::unique_ptr<wire> made(new wire(std::move(*session)));
            if (!made->socket_) return failure{"", "no file descriptor is free", true};
            return made;
        }
        why = session.error();
        if (!why.sqlstate.empty()) break;
    }
    return why;
}

outcome<wire::session_handle> wire::connect(const endpoint& where, const std::string& address,
                                            steady_time deadline, int give_up) {
    const auto port = std::to_string(where.port);
    const auto mode = tls_mode(where, address);
    // Without one libpq would look for a password in the environment and in ~/.pgpass, and send it
    // to whoever asks: this one is refused.
    const std::string password = where.password.empty() ? " " : where.password;
    std::vector<const char*> keys;
    std::vector<const char*> values;
    const auto set = [&](const char* key, const std::string& value) {
        keys.push_back(key);
        values.push_back(value.c_str());
    };
    const std::string no_gss = "disable";
    const std::string authorities =
        where.tls_root_file.empty() ? system_authorities : where.tls_root_file;
    set("host", where.host);
    set("hostaddr", address);
    set("port", port);
    set("dbname", where.database);
    set("user", where.role);
    set("password", password);
    set("sslmode", mode);
    // Who looks for a ticket may have to wait for a Kerberos server, and that has no deadline.
    set("gssencmode", no_gss);
    if (mode.starts_with("verify")) set("sslrootcert", authorities);
    const std::string application = "tallyfs";
    const std::string encoding = "UTF8";
    set("application_name", application);
    set("client_encoding", encoding);
    keys.push_back(nullptr);
    values.push_back(nullptr);

    // expand_dbname 0: a database called "host=…" is a name, not a connection string.
    session_handle session(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!session) return failure{"", "out of memory", true};
    PQsetErrorVerbosity(session.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(
        session.get(), [](void*, const char*) {}, nullptr);
    auto state = PGRES_POLLING_WRITING;
    while (PQstatus(session.get()) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
           state != PGRES_POLLING_FAILED) {
        const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        const auto what = wait_for(PQsocket(session.get()), events, deadline, give_up);
        if (what == waited::given_up) return failure{"", place_of(where) + ": given up", true};
        if (what == waited::late) {
            return failure{"", place_of(where) + ": no answer in time; is it reachable, or hung?",
                           true};
        }
        state = PQconnectPoll(session.get());
    }
    if (state != PGRES_POLLING_OK) {
        return failure_to_connect(where, PQerrorMessage(session.get()));
    }
    if (PQsetnonblocking(session.get(), 1) != 0) return failure{"", "out of memory", true};
    return session;
}

failure wire::lose(failure why) {
    why.connection_lost = true;
    if (!lost_) lost_ = std::move(why);
    shut();
    return *lost_;
}

failure wire::broken() {
    return lose(failure_of_break(PQerrorMessage(session_.get())));
}

void wire::shut() noexcept {
    ::shutdown(socket_.get(), SHUT_RDWR);
}

std::optional<failure> wire::await(steady_time deadline) {
    for (;;) {
        const int unsent = PQflush(session_.get());
        if (unsent < 0) return broken();
        if (PQisBusy(session_.get()) == 0) return std::nullopt;
        const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
        if (wait_for(socket_.get(), events, deadline, -1) == waited::late) {
            return lose({"", "no answer in time: the server or the way to it hangs"});
        }
        if (PQconsumeInput(session_.get()) == 0) return broken();
    }
}

/// Adds a part of an answer; a failure is one of the statement, or has the connection lost.
std::optional<failure> wire::take(const PGresult* part, rows& kept, std::size_t& bytes) {
    switch (PQresultStatus(part)) {
        case PGRES_SINGLE_TUPLE:
        case PGRES_TUPLES_OK:
            for (int i = 0; i < PQntuples(part); ++i) {
                connection::row values;
                for (int column = 0; column < PQnfields(part); ++column) {
                    if (PQgetisnull(part, i, column) != 0) {
                        values.emplace_back();
                    } else {
                        values.emplace_back(
                            std::string(PQgetvalue(part, i, column),
                                        static_cast<std::size_t>(PQgetlength(part, i, column))));
                    }
                }
                bytes += bytes_of(values);
                if (bytes > connection::answer_bytes_max)
                    return lose({"", "the answer is too long"});
                kept.push_back(std::move(values));
            }
            return std::nullopt;
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            return std::nullopt;
        case PGRES_FATAL_ERROR:
        case PGRES_PIPELINE_ABORTED:
            if (PQstatus(session_.get()) == CONNECTION_BAD) return broken();
            return failure_of(part);
        default:
            return lose({"", "COPY from or to us is not supported"});
    }
}

outcome<wire::rows> wire::collect(steady_time deadline) {
    rows kept;
    std::size_t bytes = 0;
    bool ended = true;  // the last answer's rows: the next ones are those of another statement
    std::optional<failure> why;
    PQsetSingleRowMode(session_.get());
    for (;;) {
        if (auto late = await(deadline)) return *late;
        const std::unique_ptr<PGresult, decltype(&PQclear)> part(PQgetResult(session_.get()),
                                                                 PQclear);
        if (!part) break;
        if (ended) kept.clear();
        ended = PQresultStatus(part.get()) != PGRES_SINGLE_TUPLE;
        if (ended) command_tag_ = PQcmdStatus(part.get());
        auto wrong = take(part.get(), kept, bytes);
        if (wrong && wrong->connection_lost) return *wrong;
        if (wrong && !why) why = std::move(wrong);
    }
    if (why) return *why;
    return kept;
}

outcome<wire::rows> wire::send(const std::string& text, steady_time deadline) {
    if (lost_) return *lost_;
    if (PQsendQuery(session_.get(), text.c_str()) == 0) return broken();
    return collect(deadline);
}

outcome<wire::rows> wire::send(const std::string& text, const connection::parameters& values,
                               steady_time deadline) {
    if (lost_) return *lost_;
    std::vector<const char*> texts;
    for (const auto& value : values) texts.push_back(value ? value->c_str() : nullptr);
    if (PQsendQueryParams(session_.get(), text.c_str(), static_cast<int>(texts.size()), nullptr,
                          texts.data(), nullptr, nullptr, 0) == 0) {
        return broken();
    }
    return collect(deadline);
}

outcome<std::vector<outcome<wire::rows>>> wire::send_each(
    const std::vector<std::string>& statements, steady_time deadline) {
    if (lost_) return *lost_;
    auto* const session = session_.get();
    bool sent = PQenterPipelineMode(session) == 1;
    for (const auto& text : statements) {
        sent = sent && PQsendQueryParams(session, text.c_str(), 0, nullptr, nullptr, nullptr,
                                         nullptr, 0) == 1;
        // A synchronisation point behind each: one that fails takes no other with it.
        sent = sent && PQpipelineSync(session) == 1;
    }
    if (!sent) return broken();
    std::vector<outcome<rows>> answers;
    for (std::size_t i = 0; i < statements.size(); ++i) {
        auto answer = collect(deadline);
        if (!answer && answer.error().connection_lost) return answer.error();
        answers.push_back(std::move(answer));
        if (auto late = await(deadline)) return *late;
        const std::unique_ptr<PGresult, decltype(&PQclear)> point(PQgetResult(session), PQclear);
        if (PQresultStatus(point.get()) != PGRES_PIPELINE_SYNC) return broken();
    }
    if (PQexitPipelineMode(session) == 0) return broken();
    return answers;
}

PGTransactionStatusType wire::transaction() const noexcept {
    return PQtransactionStatus(session_.get());
}

std::int32_t wire::version() const noexcept {
    return PQserverVersion(session_.get());
}

std::int32_t wire::pid() const noexcept {
    return PQbackendPID(session_.get());
}

}  // namespace tallyfs::postgres
