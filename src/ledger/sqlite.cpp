#include "ledger/sqlite.hpp"

#include "ledger/checked_pages.hpp"

#include <tallyfs/ledger/ledger.hpp>

#include <boost/system/error_category.hpp>

#include <cstring>

namespace tallyfs::ledger {

namespace {

class category final : public boost::system::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "sqlite"; }
    [[nodiscard]] std::string message(int value) const override {
        return value == SQLITE_IOERR_DATA ? "a page does not have its checksum"
                                          : sqlite3_errstr(value);
    }
};

}  // namespace

const boost::system::error_category& sqlite_category() noexcept {
    static const category instance;
    return instance;
}

bool is_damage(const error_code& error) noexcept {
    if (error.category() != sqlite_category()) return false;
    const int primary = error.value() & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ||
           error.value() == SQLITE_IOERR_DATA;
}

error_code make_sqlite_error(int code) noexcept {
    return error_code(code, sqlite_category());
}

database::database(const std::filesystem::path& file) {
    sqlite3* handle = nullptr;
    // One thread at a time uses the ledger, so SQLite needs no mutex of its own.
    const int code = sqlite3_open_v2(
        file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        checked_pages());
    handle_.reset(handle);
    if (code != SQLITE_OK) {
        fail(code);
        return;
    }
    sqlite3_extended_result_codes(handle, 1);
    // SQLite opens what may only be read for reading, and fails much later.
    if (sqlite3_db_readonly(handle, "main") == 1) fail(SQLITE_READONLY);
}

void database::execute(const char* sql) {
    if (!good()) return;
    const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
}

void database::fail(int code) noexcept {
    if (!failure_) failure_ = make_sqlite_error(code);
}

statement::statement(database& owner, const std::string& sql) : owner_(owner) {
    if (!owner.good()) return;
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(owner.handle(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                                        &handle, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK) owner.fail(code);
}

void statement::restart() {
    bound_ = 0;
    if (handle_) sqlite3_reset(get());
}

void statement::check(int code) {
    if (code != SQLITE_OK) owner_.fail(code);
}

void statement::bind_next(std::string_view text) {
    // An empty view may have no address, which SQLite would take for NULL.
    const char* const data = text.empty() ? "" : text.data();
    check(sqlite3_bind_text64(get(), ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void statement::bind_next(blob value) {
    const char* const data = value.bytes.empty() ? "" : value.bytes.data();
    check(sqlite3_bind_blob64(get(), ++bound_, data, value.bytes.size(), SQLITE_STATIC));
}

void statement::bind_next(const uuid& id) {
    check(sqlite3_bind_blob64(get(), ++bound_, id.bytes.data(), id.bytes.size(), SQLITE_STATIC));
}

bool statement::step() {
    if (!owner_.good() || !handle_) return false;
    const int code = sqlite3_step(get());
    if (code == SQLITE_ROW) return true;
    // The reset ends the read, so that it holds back neither a commit nor a WAL checkpoint.
    sqlite3_reset(get());
    if (code != SQLITE_DONE) owner_.fail(code);
    return false;
}

void statement::finish() {
    while (step()) {
    }
}

std::string_view statement::bytes(int column) const {
    const void* const data = sqlite3_column_blob(get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(get(), column));
    return data == nullptr ? std::string_view()
                           : std::string_view(static_cast<const char*>(data), size);
}

uuid statement::id(int column) const {
    uuid id;
    const auto stored = bytes(column);
    if (stored.size() == id.bytes.size()) {
        std::memcpy(id.bytes.data(), stored.data(), stored.size());
    } else {
        owner_.fail(SQLITE_CORRUPT);
    }
    return id;
}

transaction::transaction(database& owner) : owner_(owner) {
    owner.execute("BEGIN IMMEDIATE");
}

transaction::~transaction() {
    // After a full disk SQLite may have rolled back already.
    if (sqlite3_get_autocommit(owner_.handle()) == 0) {
        sqlite3_exec(owner_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

result<void> transaction::commit() {
    owner_.execute("COMMIT");
    if (const auto failure = owner_.take_failure()) return failure;
    return {};
}

}  // namespace tallyfs::ledger
