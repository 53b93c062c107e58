// A disk below SQLite that fails when a test says so, and never waits for a real one.
// Interface: https://www.sqlite.org/vfs.html; errors: https://www.sqlite.org/rescode.html
#pragma once

#include "ledger/sqlite.hpp"

#include <cstdint>

namespace tallyfs::test {

enum class operation { open, read, write, truncate, sync, size, remove };

/// What fails: the operation of that number, counted from arm() on, or all from it on.
struct fault {
    operation kind = operation::write;
    std::int64_t number = 1;
    int code = SQLITE_IOERR_WRITE;
    bool for_good = false;  ///< until calm()
    bool partly = false;    ///< of a write: half of it happens
};

/// All files that SQLite opens while it exists lie on it. One at a time.
class faulty_disk {
  public:
    faulty_disk();
    ~faulty_disk();
    faulty_disk(const faulty_disk&) = delete;
    faulty_disk& operator=(const faulty_disk&) = delete;

    void arm(const fault& next);
    void calm();
    /// Whether an operation has failed since arm().
    [[nodiscard]] bool has_failed() const;
};

}  // namespace tallyfs::test
