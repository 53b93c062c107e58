#include "ledger/checked_pages.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <sqlite3.h>

namespace tallyfs::ledger {

namespace {

// SQLite's default; a file with other pages is none of ours.
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t reserved_at = 20;  // in the file's header: bytes reserved at a page's end
constexpr std::size_t sum_at = page_bytes - 8;
constexpr std::size_t wal_mark_at = page_bytes - 16;  // in the first page
// https://www.sqlite.org/fileformat2.html#the_write_ahead_log: the header and its two salts.
constexpr int wal_header_bytes = 32;
constexpr std::size_t salts_at = 16;

using page = std::array<unsigned char, page_bytes>;

std::uint64_t word_at(const void* bytes, std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const unsigned char*>(bytes) + at, sizeof(word));
    return word;
}

/// The number of the page is part of it, so that a page in another's place is found as well.
std::uint64_t checksum_of(const unsigned char* bytes, std::uint64_t number) {
    std::uint64_t sum = number + 0x9e3779b97f4a7c15U;
    for (std::size_t at = 0; at < sum_at; at += sizeof(std::uint64_t)) {
        sum = (sum ^ word_at(bytes, at)) * 0xff51afd7ed558ccdU;
        sum ^= sum >> 32;
    }
    return sum;
}

bool has_checksum(const unsigned char* bytes, std::uint64_t number) {
    return word_at(bytes, sum_at) == checksum_of(bytes, number);
}

void put_word(unsigned char* bytes, std::size_t at, std::uint64_t word) {
    std::memcpy(bytes + at, &word, sizeof(word));
}

struct freer {
    void operator()(sqlite3_file* file) const noexcept { sqlite3_free(file); }
};

/// What SQLite takes for a file: `head` comes first, as it demands.
struct checked_file {
    sqlite3_file head{};
    std::unique_ptr<sqlite3_file, freer> below;
    bool has_pages = false;            ///< the database, as opposed to its WAL
    bool header_seen = false;          ///< whether there are checksums is decided once
    std::uint64_t wal_mark = 0;        ///< of a database: the salts of the WAL that is its own
    checked_file* database = nullptr;  ///< of a WAL
    page copy{};
};

checked_file& self(sqlite3_file* file) {
    return *reinterpret_cast<checked_file*>(file);
}

template <auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
    sqlite3_file* const below = self(file).below.get();
    return (below->pMethods->*Method)(below, arguments...);
}

int close(sqlite3_file* file) {
    const int code = pass<&sqlite3_io_methods::xClose>(file);
    self(file).~checked_file();
    return code;
}

int read_page(checked_file& file, unsigned char* into, std::uint64_t number) {
    const auto offset = static_cast<sqlite3_int64>(number * page_bytes);
    sqlite3_file* const below = file.below.get();
    const int code = below->pMethods->xRead(below, into, page_bytes, offset);
    if (code != SQLITE_OK) return code;
    if (number == 0 && !file.header_seen) {
        file.header_seen = true;
        file.has_pages = into[reserved_at] == reserved_bytes;
    }
    if (!file.has_pages || has_checksum(into, number)) return SQLITE_OK;
    return SQLITE_IOERR_DATA;
}

/// A WAL says to no one which file it belongs to: SQLite would write one that was left beside
/// another database into it. So the first page of the database names its WAL, by its salts.
int name_wal(checked_file& database, std::uint64_t salts) {
    sqlite3_file* const below = database.below.get();
    page first{};
    int code = below->pMethods->xRead(below, first.data(), page_bytes, 0);
    if (code != SQLITE_OK || !database.has_pages) return code;
    database.wal_mark = salts;
    put_word(first.data(), wal_mark_at, salts);
    put_word(first.data(), sum_at, checksum_of(first.data(), 0));
    return below->pMethods->xWrite(below, first.data(), page_bytes, 0);
}

/// A WAL that is not the database's own reads as an empty one: the journal has its lines.
void read_wal_header(checked_file& database, unsigned char* header) {
    sqlite3_file* const below = database.below.get();
    page first{};
    const int code = below->pMethods->xRead(below, first.data(), page_bytes, 0);
    const auto salts = word_at(header, salts_at);
    if (code == SQLITE_OK && word_at(first.data(), wal_mark_at) == salts) {
        database.wal_mark = salts;
    } else {
        std::memset(header, 0, wal_header_bytes);
    }
}

int read_wal(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
    const int code = pass<&sqlite3_io_methods::xRead>(file, into, bytes, offset);
    if (code == SQLITE_OK && offset == 0 && bytes == wal_header_bytes) {
        read_wal_header(*self(file).database, static_cast<unsigned char*>(into));
    }
    return code;
}

int write_wal(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
    if (offset == 0 && bytes == wal_header_bytes) {
        const int code = name_wal(*self(file).database, word_at(from, salts_at));
        if (code != SQLITE_OK) return code;
    }
    return pass<&sqlite3_io_methods::xWrite>(file, from, bytes, offset);
}

int read(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
    auto& checked = self(file);
    if (checked.database != nullptr) return read_wal(file, into, bytes, offset);
    const auto at = static_cast<std::size_t>(offset) % page_bytes;
    const auto wanted = static_cast<std::size_t>(bytes);
    const auto number = static_cast<std::uint64_t>(offset) / page_bytes;
    // SQLite looks at the header alone before it knows how large pages are.
    const bool header = number == 0 && wanted < page_bytes;
    if (!checked.has_pages || header || at + wanted > page_bytes) {
        return pass<&sqlite3_io_methods::xRead>(file, into, bytes, offset);
    }
    if (wanted == page_bytes) return read_page(checked, static_cast<unsigned char*>(into), number);
    const int code = read_page(checked, checked.copy.data(), number);
    if (code == SQLITE_OK) std::memcpy(into, checked.copy.data() + at, wanted);
    return code;
}

int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
    auto& checked = self(file);
    if (checked.database != nullptr) return write_wal(file, from, bytes, offset);
    if (!checked.has_pages || static_cast<std::size_t>(bytes) != page_bytes) {
        return pass<&sqlite3_io_methods::xWrite>(file, from, bytes, offset);
    }
    auto* const copy = checked.copy.data();
    const auto number = static_cast<std::uint64_t>(offset) / page_bytes;
    std::memcpy(copy, from, page_bytes);
    if (number == 0) put_word(copy, wal_mark_at, checked.wal_mark);
    put_word(copy, sum_at, checksum_of(copy, number));
    const void* const summed = copy;
    return pass<&sqlite3_io_methods::xWrite>(file, summed, bytes, offset);
}

/// Version 1: no shared memory, which a connection that locks exclusively does without, and no
/// mapped pages, which nobody could verify.
constexpr sqlite3_io_methods file_methods() {
    sqlite3_io_methods methods{};
    methods.iVersion = 1;
    methods.xClose = close;
    methods.xRead = read;
    methods.xWrite = write;
    methods.xTruncate = &pass<&sqlite3_io_methods::xTruncate, sqlite3_int64>;
    methods.xSync = &pass<&sqlite3_io_methods::xSync, int>;
    methods.xFileSize = &pass<&sqlite3_io_methods::xFileSize, sqlite3_int64*>;
    methods.xLock = &pass<&sqlite3_io_methods::xLock, int>;
    methods.xUnlock = &pass<&sqlite3_io_methods::xUnlock, int>;
    methods.xCheckReservedLock = &pass<&sqlite3_io_methods::xCheckReservedLock, int*>;
    methods.xFileControl = &pass<&sqlite3_io_methods::xFileControl, int, void*>;
    methods.xSectorSize = &pass<&sqlite3_io_methods::xSectorSize>;
    methods.xDeviceCharacteristics = &pass<&sqlite3_io_methods::xDeviceCharacteristics>;
    return methods;
}
constexpr sqlite3_io_methods methods_of_files = file_methods();

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    auto* const system = sqlite3_vfs_find(nullptr);
    auto* const checked = new (file) checked_file;
    checked->below.reset(static_cast<sqlite3_file*>(sqlite3_malloc(system->szOsFile)));
    int code = SQLITE_NOMEM;
    if (checked->below) {
        std::memset(checked->below.get(), 0, static_cast<std::size_t>(system->szOsFile));
        code = system->xOpen(system, name, checked->below.get(), flags, flags_out);
    }
    if (code != SQLITE_OK) {
        // Some layers want their files closed even when they could not be opened.
        if (checked->below && checked->below->pMethods != nullptr) {
            checked->below->pMethods->xClose(checked->below.get());
        }
        checked->~checked_file();
        file->pMethods = nullptr;
        return code;
    }
    checked->has_pages = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    if ((flags & SQLITE_OPEN_WAL) != 0)
        checked->database = &self(sqlite3_database_file_object(name));
    file->pMethods = &methods_of_files;
    return code;
}

template <auto Method, class... Arguments>
auto pass_on(sqlite3_vfs*, Arguments... arguments) {
    auto* const system = sqlite3_vfs_find(nullptr);
    return (system->*Method)(system, arguments...);
}

sqlite3_vfs make_layer() {
    sqlite3_vfs layer{};
    layer.iVersion = 1;
    layer.szOsFile = sizeof(checked_file);
    layer.mxPathname = sqlite3_vfs_find(nullptr)->mxPathname;
    layer.zName = "tallyfs-checked";
    layer.xOpen = open;
    layer.xDelete = &pass_on<&sqlite3_vfs::xDelete, const char*, int>;
    layer.xAccess = &pass_on<&sqlite3_vfs::xAccess, const char*, int, int*>;
    layer.xFullPathname = &pass_on<&sqlite3_vfs::xFullPathname, const char*, int, char*>;
    layer.xRandomness = &pass_on<&sqlite3_vfs::xRandomness, int, char*>;
    layer.xSleep = &pass_on<&sqlite3_vfs::xSleep, int>;
    layer.xCurrentTime = &pass_on<&sqlite3_vfs::xCurrentTime, double*>;
    layer.xGetLastError = &pass_on<&sqlite3_vfs::xGetLastError, int, char*>;
    return layer;
}

}  // namespace

const char* checked_pages() {
    static sqlite3_vfs layer = make_layer();
    static const int registered = sqlite3_vfs_register(&layer, 0);
    static_cast<void>(registered);  // a failure shows as "no such vfs" when a file is opened
    return layer.zName;
}

}  // namespace tallyfs::ledger
