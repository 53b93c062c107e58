// What is behind a ledger: its file in use, and where it stands.
// Format: docs/formats.md, "Ledger".
#pragma once

#include "ledger/store.hpp"

namespace tallyfs::ledger {

/// A file in use: its connection, and the statements that refer to it.
struct session {
    explicit session(const std::filesystem::path& path, bool is_new = false) : file(path) {
        if (is_new) reserve_checksums(file);
        if (file.good()) configure(file);
    }
    database file;
    std::optional<store> writer;
};

struct ledger::implementation {
    explicit implementation(std::filesystem::path path) : file(std::move(path)) {}

    /// Opens a file that exists. `reset_reason` is set if it has to be begun anew instead.
    error_code open_existing() {
        current = std::make_unique<session>(file);
        database& opened = current->file;
        std::string mismatch;
        if (opened.good()) mismatch = find_mismatch(opened, ledger_format);
        if (opened.good() && mismatch.empty()) {
            current->writer.emplace(opened);
            auto loaded = load(opened);
            if (loaded) {
                now = std::move(*loaded);
                return {};
            }
            opened.fail(loaded.error().value());
        }
        const auto failure = opened.take_failure();
        current.reset();
        if (is_locked(failure)) return failure;
        reset_reason = mismatch;
        if (failure) reset_reason = reason_to_begin_anew(failure);
        return {};
    }

    result<void> create() {
        auto created = create_file();
        broken = created ? error_code() : created.error();
        return created;
    }

    result<void> create_file() {
        current.reset();
        now = {};
        if (auto removed = remove_files(file); !removed) return removed;
        auto made = std::make_unique<session>(file, true);
        if (const auto failure = made->file.take_failure()) return failure;
        if (auto tables = create_tables(made->file); !tables) return tables;
        made->writer.emplace(made->file);
        if (const auto failure = made->file.take_failure()) return failure;
        current = std::move(made);
        return {};
    }

    /// Asks the file; none is open after a clear() that failed.
    template <class Query, class... Arguments>
    [[nodiscard]] auto ask(Query&& query, const Arguments&... arguments) const
        -> decltype(query(std::declval<database&>(), arguments...)) {
        if (!current) return make_sqlite_error(SQLITE_CANTOPEN);
        auto answer = query(current->file, arguments...);
        if (!answer) note(answer.error());
        return answer;
    }
    void note(const error_code& failure) const {
        if (is_unusable(failure)) broken = failure;
    }

    std::filesystem::path file;
    std::string reset_reason;
    bool was_created = false;
    std::unique_ptr<session> current;  ///< none after a clear() that failed
    mutable error_code broken;
    standing now;
};

}  // namespace tallyfs::ledger
