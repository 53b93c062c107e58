// SQLite's handles with owners, and its errors as error codes.
// Source: https://www.sqlite.org/c3ref/intro.html
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>
#include <tallyfs/record/call.hpp>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>

namespace tallyfs::ledger {

/// An extended result code of SQLite as an error of sqlite_category().
[[nodiscard]] error_code make_sqlite_error(int code) noexcept;

/// A connection. The first failure of any of its statements is kept, and from then on nothing is
/// done until take_failure(): a sequence of steps is checked once, at its end.
class database {
  public:
    /// Opens or creates `file`; failure() tells whether that worked.
    explicit database(const std::filesystem::path& file);

    /// Runs SQL that has no parameters and whose rows are of no interest.
    void execute(const char* sql);
    [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }
    [[nodiscard]] bool good() const noexcept { return !failure_; }
    [[nodiscard]] error_code failure() const noexcept { return failure_; }
    /// The failure kept so far, if any, and forgets it.
    [[nodiscard]] error_code take_failure() noexcept { return std::exchange(failure_, {}); }
    void fail(int code) noexcept;

  private:
    struct closer {
        void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
    };
    std::unique_ptr<sqlite3, closer> handle_;
    error_code failure_;
};

/// Bytes to be stored as a BLOB.
struct blob {
    std::string_view bytes;
};

/// A prepared statement. The database outlives it.
class statement {
  public:
    statement(database& owner, const std::string& sql);

    /// Begins anew with these values for the parameters, in order. Texts and blobs are not
    /// copied: they must live until the last step.
    template <class... Values>
    statement& bind(const Values&... values) {
        restart();
        (bind_next(values), ...);
        return *this;
    }
    void bind_next(std::int64_t value) { check(sqlite3_bind_int64(get(), ++bound_, value)); }
    template <std::integral Integer>
    void bind_next(Integer value) {
        bind_next(static_cast<std::int64_t>(value));
    }
    void bind_next(record::duration value) { bind_next(std::int64_t{value.count()}); }
    void bind_next(wall_time value) { bind_next(value.time_since_epoch()); }
    void bind_next(std::string_view text);
    void bind_next(const std::string& text) { bind_next(std::string_view(text)); }
    void bind_next(blob value);
    void bind_next(const uuid& id);

    /// True when there is a (next) row; false at the end and after a failure.
    [[nodiscard]] bool step();
    /// Binds the values and runs the statement to its end.
    template <class... Values>
    void run(const Values&... values) {
        bind(values...);
        finish();
    }
    /// Gives up the rows that are left, so that they hold back neither a commit nor a checkpoint.
    void end() { restart(); }
    /// Runs what bind() and bind_next() have prepared to its end.
    void finish();

    [[nodiscard]] std::int64_t integer(int column) const {
        return sqlite3_column_int64(get(), column);
    }
    template <class Integer>
    [[nodiscard]] Integer integer_as(int column) const {
        return static_cast<Integer>(integer(column));
    }
    [[nodiscard]] record::duration duration(int column) const {
        return record::duration(integer(column));
    }
    [[nodiscard]] wall_time time(int column) const { return wall_time(duration(column)); }
    /// The bytes of a text or blob, valid until the next step.
    [[nodiscard]] std::string_view bytes(int column) const;
    [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
    [[nodiscard]] uuid id(int column) const;
    [[nodiscard]] bool is_blob(int column) const {
        return sqlite3_column_type(get(), column) == SQLITE_BLOB;
    }

  private:
    struct finalizer {
        void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
    };
    [[nodiscard]] sqlite3_stmt* get() const noexcept { return handle_.get(); }
    void restart();
    void check(int code);

    database& owner_;
    std::unique_ptr<sqlite3_stmt, finalizer> handle_;
    int bound_ = 0;
};

/// Changes that happen together or not at all: rolled back unless commit() is called.
class transaction {
  public:
    explicit transaction(database& owner);
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;
    /// Commits if nothing has failed since the beginning; the error otherwise. Either way the
    /// failure is taken from the database, which can be used again.
    [[nodiscard]] result<void> commit();

  private:
    database& owner_;
};

}  // namespace tallyfs::ledger
