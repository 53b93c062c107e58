#include "ledger/faulty_disk.hpp"

#include <cstring>
#include <optional>
#include <stdexcept>

namespace tallyfs::test {

namespace {

// What the callbacks of SQLite, which know no object, look at.
std::optional<fault> armed;
std::int64_t seen = 0;
bool failed = false;
sqlite3_vfs* real = nullptr;

bool fails(operation kind) {
    if (!armed || armed->kind != kind) return false;
    ++seen;
    const bool hit = armed->for_good ? seen >= armed->number : seen == armed->number;
    failed = failed || hit;
    return hit;
}

/// The real file lies behind it in the same memory.
struct faulty_file {
    sqlite3_file head;
};
sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<faulty_file*>(file) + 1);
}

template <auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
    return (below(file)->pMethods->*Method)(below(file), arguments...);
}
template <operation Kind, auto Method, class... Arguments>
int guarded(sqlite3_file* file, Arguments... arguments) {
    return fails(Kind) ? armed->code : pass<Method>(file, arguments...);
}

int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
    if (!fails(operation::write)) {
        return pass<&sqlite3_io_methods::xWrite>(file, from, bytes, offset);
    }
    if (armed->partly) {
        static_cast<void>(pass<&sqlite3_io_methods::xWrite>(file, from, bytes / 2, offset));
    }
    return armed->code;
}
int sync(sqlite3_file*, int) {
    return fails(operation::sync) ? armed->code : SQLITE_OK;
}

sqlite3_io_methods file_methods() {
    using io = sqlite3_io_methods;
    io methods{};
    methods.iVersion = 1;
    methods.xClose = &pass<&io::xClose>;
    methods.xRead = &guarded<operation::read, &io::xRead, void*, int, sqlite3_int64>;
    methods.xWrite = write;
    methods.xTruncate = &guarded<operation::truncate, &io::xTruncate, sqlite3_int64>;
    methods.xSync = sync;
    methods.xFileSize = &guarded<operation::size, &io::xFileSize, sqlite3_int64*>;
    methods.xLock = &pass<&io::xLock, int>;
    methods.xUnlock = &pass<&io::xUnlock, int>;
    methods.xCheckReservedLock = &pass<&io::xCheckReservedLock, int*>;
    methods.xFileControl = &pass<&io::xFileControl, int, void*>;
    methods.xSectorSize = &pass<&io::xSectorSize>;
    methods.xDeviceCharacteristics = &pass<&io::xDeviceCharacteristics>;
    return methods;
}
const sqlite3_io_methods methods_of_files = file_methods();

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    file->pMethods = nullptr;
    if (fails(operation::open)) return armed->code;
    const int code = real->xOpen(real, name, below(file), flags, flags_out);
    if (code == SQLITE_OK) file->pMethods = &methods_of_files;
    return code;
}
int remove(sqlite3_vfs*, const char* name, int) {
    return fails(operation::remove) ? armed->code : real->xDelete(real, name, 0);
}

sqlite3_vfs faulty_layer;

}  // namespace

faulty_disk::faulty_disk() {
    if (real != nullptr) throw std::logic_error("there is a faulty disk already");
    real = sqlite3_vfs_find(nullptr);
    faulty_layer = *real;
    faulty_layer.iVersion = 1;
    faulty_layer.szOsFile = static_cast<int>(sizeof(faulty_file)) + real->szOsFile;
    faulty_layer.pNext = nullptr;
    faulty_layer.zName = "tallyfs-test-faulty";
    faulty_layer.xOpen = open;
    faulty_layer.xDelete = remove;
    sqlite3_vfs_register(&faulty_layer, 1);
    calm();
}

faulty_disk::~faulty_disk() {
    calm();
    sqlite3_vfs_unregister(&faulty_layer);
    sqlite3_vfs_register(real, 1);
    real = nullptr;
}

void faulty_disk::arm(const fault& next) {
    armed = next;
    seen = 0;
    failed = false;
}

void faulty_disk::calm() {
    armed.reset();
}

bool faulty_disk::has_failed() const {
    return failed;
}

}  // namespace tallyfs::test
