#include "postgres/connection.hpp"

#include "postgres/wire.hpp"
#include "postgres/wording.hpp"

#include <tallyfs/base/sql_quote.hpp>

#include <stdexcept>

namespace tallyfs::postgres {

namespace {

using std::chrono::milliseconds;

steady_time in(milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

std::string setting(const char* name, milliseconds time) {
    return std::string("SET ") + name + " = " + std::to_string(time.count()) + ";";
}

/// What a role or a database has as its own would change answers: names without their schema, times
/// in another zone or order, numbers cut short.
std::string pinned(std::int32_t version, const patience& limits) {
    std::string sql =
        "SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';"
        "SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex';"
        "SET standard_conforming_strings = on; SET default_transaction_read_only = on;"
        "SET default_transaction_isolation = 'read committed'; SET row_security = on;"
        // Compiling our queries would cost the server more than running them.
        "SET jit = off; SET max_parallel_workers_per_gather = 0;"
        "SET idle_in_transaction_session_timeout = '30s';";
    // It waits between two looks, and says by its name what it is.
    if (version >= 140'000) sql += "SET idle_session_timeout = 0;";
    return sql + setting("statement_timeout", limits.statement) +
           setting("lock_timeout", limits.lock);
}

}  // namespace

void throw_exception_from_error(const failure& why, const boost::source_location&) {
    throw std::runtime_error(why.what);
}

connection::connection(std::unique_ptr<wire> made, const patience& limits)
    : wire_(std::move(made)), limits_(limits) {}

connection::~connection() = default;

outcome<std::unique_ptr<connection>> connection::open(const endpoint& where, const patience& limits,
                                                      int give_up) {
    const auto deadline = in(limits.connect);
    auto made = wire::open(where, deadline, give_up);
    if (!made) return made.error();
    auto ready = (*made)->send(pinned((*made)->version(), limits), deadline);
    if (!ready) {
        auto why = ready.error();
        why.what = place_of(where) + ": " + why.what;
        why.connection_lost = true;
        return why;
    }
    return std::unique_ptr<connection>(new connection(std::move(*made), limits));
}

/// Whatever was run, the next one begins outside of any transaction.
outcome<connection::rows> connection::finish(outcome<rows> answer) {
    if (!answer && answer.error().connection_lost) return answer;
    if (wire_->transaction() == PQTRANS_IDLE) return answer;
    auto undone = wire_->send("ROLLBACK", in(limits_.statement + limits_.slack));
    if (!undone) return undone;
    if (!answer) return answer;
    return failure{"", "a statement that begins a transaction is not one to run here", false};
}

outcome<connection::rows> connection::read(const std::string& sql, const parameters& values) {
    // The session's transactions are read-only by default: a statement alone is one.
    return finish(wire_->send(sql, values, in(limits_.statement + limits_.slack)));
}

outcome<std::vector<outcome<connection::rows>>> connection::read_each(
    const std::vector<std::string>& statements) {
    auto answers = wire_->send_each(statements, in(limits_.statement + limits_.slack));
    if (!answers) return answers;
    if (auto ended = finish(rows{}); !ended) return ended.error();
    return answers;
}

outcome<connection::rows> connection::write(const std::vector<std::string>& statements) {
    const auto time = limits_.statement + limits_.slack;
    auto answer = wire_->send("BEGIN READ WRITE", in(time));
    for (const auto& text : statements) {
        if (!answer) return finish(std::move(answer));
        answer = wire_->send(text, in(time));
        if (answer && wire_->transaction() != PQTRANS_INTRANS) {
            return finish(
                failure{"", "a statement ended the transaction it was to be part of", false});
        }
    }
    if (!answer) return finish(std::move(answer));
    auto committed = wire_->send("COMMIT", in(time));
    if (!committed) {
        auto why = committed.error();
        if (why.connection_lost) why.what = "it is not known whether it was done: " + why.what;
        return finish(why);
    }
    return answer;
}

outcome<connection::rows> connection::run(const std::string& statement,
                                          milliseconds statement_max) {
    const auto time = limits_.statement + limits_.slack;
    auto ready = wire_->send(
        setting("statement_timeout", statement_max) + "SET default_transaction_read_only = off",
        in(time));
    if (!ready) return ready;
    auto answer = finish(wire_->send(statement, in(statement_max + limits_.slack)));
    if (!answer && answer.error().connection_lost) return answer;
    auto back = wire_->send(
        setting("statement_timeout", limits_.statement) + "SET default_transaction_read_only = on",
        in(time));
    if (!back) return back;
    return answer;
}

std::int32_t connection::version() const noexcept {
    return wire_->version();
}

std::int32_t connection::pid() const noexcept {
    return wire_->pid();
}

std::string connection::role() const {
    return quoted_identifier(wire_->role());
}

void connection::abandon() noexcept {
    wire_->shut();
}

}  // namespace tallyfs::postgres
