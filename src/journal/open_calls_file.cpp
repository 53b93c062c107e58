// The file below the table of open calls: made, taken over from an earlier process, or done
// without.
#include "journal/open_calls_layout.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/open_calls.hpp>

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>

namespace tallyfs::journal {

namespace {

/// More than a proxy can serve; a file that says so is not ours.
constexpr std::uint32_t places_limit = 1U << 20;

std::size_t bytes_for(std::uint32_t places) {
    return layout::header_bytes + layout::slot_bytes * places;
}

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
    throw startup_error("cannot " + what + " the table of open calls " + path.string() + ": " +
                        last_system_error().message());
}

/// How many places the file has; 0 if it is empty, of another layout, or not finished.
std::uint32_t places_in(int fd, std::uint64_t file_bytes) {
    alignas(layout::header) std::array<char, sizeof(layout::header)> bytes{};
    const auto content = read_at(fd, 0, bytes.size());
    if (!content || content->size() < bytes.size()) return 0;
    std::memcpy(bytes.data(), content->data(), bytes.size());
    const auto* const header = reinterpret_cast<const layout::header*>(bytes.data());
    const std::uint32_t places = header->places;
    const bool ours = header->magic == layout::magic && header->version == layout::version &&
                      header->slot_bytes == layout::slot_bytes && places <= places_limit &&
                      header->places_touched <= places && file_bytes >= bytes_for(places);
    return ours ? places : 0;
}

}  // namespace

open_calls::open_calls(const std::filesystem::path& path, std::uint32_t places_max) {
    if (!map_file(path, places_max)) map_memory(places_max);
    adopt_places();
}

open_calls::~open_calls() {
    ::munmap(table_, bytes_);
}

/// False if the disk has no room for the file.
bool open_calls::map_file(const std::filesystem::path& path, std::uint32_t places_max) {
    auto file = open_file(path, O_RDWR | O_CREAT);
    if (!file) {
        if (file.error() == boost::system::errc::no_space_on_device) return false;
        throw startup_error("cannot open the table of open calls " + path.string() + ": " +
                            file.error().message());
    }
    struct ::stat status {};
    if (::fstat(file->get(), &status) != 0) fail("look at", path);
    const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
    const std::uint32_t places_before = places_in(file->get(), file_bytes);
    if (places_before == 0 && file_bytes > 0) {
        spdlog::warn("{} is of another layout: calls that it held cannot be told", path.string());
        if (::ftruncate(file->get(), 0) != 0) fail("empty", path);
    }
    places_ = std::max({places_before, places_max, 1U});
    bytes_ = bytes_for(places_);
    // Reserved, not sparse: a store into a hole on a full disk would end the process (SIGBUS).
    const int refused = ::posix_fallocate(file->get(), 0, static_cast<::off_t>(bytes_));
    if (refused == ENOSPC || refused == EDQUOT || refused == EFBIG) return false;
    errno = refused;
    if (refused != 0) fail("make room for", path);
    void* const mapped =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0);
    if (mapped == MAP_FAILED) fail("map", path);
    table_ = static_cast<layout::table*>(mapped);
    table_->header.places = places_;
    if (places_before > 0) return true;
    table_->header.version = layout::version;
    table_->header.slot_bytes = layout::slot_bytes;
    std::atomic_signal_fence(std::memory_order_release);
    table_->header.magic = layout::magic;
    return true;
}

void open_calls::map_memory(std::uint32_t places_max) {
    spdlog::error(
        "no room for the table of open calls: calls that run when the process is killed will not "
        "be recorded");
    places_ = std::max(places_max, 1U);
    bytes_ = bytes_for(places_);
    void* const mapped =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    table_ = static_cast<layout::table*>(mapped);
}

/// Divides the places into those the last process left open and those that are free.
void open_calls::adopt_places() {
    entered_.assign(places_, false);
    free_.reserve(places_);
    const std::uint32_t touched = table_->header.places_touched.load();
    // The lowest is taken first: places that were never used then cost no memory.
    for (std::uint32_t i = places_; i-- > 0;) {
        const bool in_use = i < touched && table_->at(i).in_use.load() != 0;
        (in_use ? left_open_ : free_).push_back(i);
    }
}

void open_calls::free_left_open() {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t index : left_open_) {
        table_->at(index).in_use.store(0, std::memory_order_release);
        free_.push_back(index);
    }
    left_open_.clear();
}

}  // namespace tallyfs::journal
