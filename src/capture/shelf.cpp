#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/capture/shelf.hpp>
#include <tallyfs/dialect/transcript.hpp>

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <unistd.h>

namespace tallyfs::capture {

namespace {

namespace fs = std::filesystem;

// Captures end before the disk does: the journal needs room for days of lines.
constexpr std::uint64_t free_bytes_min = std::uint64_t{64} << 20;
constexpr std::size_t about_bytes_max = 64 * 1024;
constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

/// Names with a dot in front are on their way in or out, and shown to nobody.
fs::path beside(const fs::path& path, std::string_view ending) {
    return path.parent_path() / ("." + path.filename().string() + std::string(ending));
}

result<void> make_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return last_system_error();
    return {};
}

result<void> write_new(const fs::path& path, std::string_view content) {
    auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return file.error();
    return write_all(file->get(), content);
}

result<void> check_room(const fs::path& directory) {
    struct ::statvfs room {};
    if (::statvfs(directory.c_str(), &room) != 0) return last_system_error();
    if (std::uint64_t{room.f_bavail} * room.f_frsize < free_bytes_min) {
        return make_error_code(boost::system::errc::no_space_on_device);
    }
    return {};
}

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(directory, failure);
         !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
        names.push_back(entry->path().filename().string());
    }
    return names;
}

std::string service_of(const fs::path& capture) {
    const auto text = read_file(capture / "about.json", about_bytes_max);
    const auto document = text ? dialect::parse_document(*text) : std::nullopt;
    const auto* object = document ? document->if_object() : nullptr;
    const auto* service = object != nullptr ? object->if_contains("service") : nullptr;
    if (service == nullptr || !service->is_string()) return {};
    return {service->get_string().data(), service->get_string().size()};
}

error_code remove_whole(const fs::path& path) {
    const auto aside = beside(path, ".gone");
    if (::rename(path.c_str(), aside.c_str()) != 0) return last_system_error();
    std::error_code failure;
    fs::remove_all(aside, failure);
    return failure;
}

}  // namespace

fs::path shelf::path_of(day date) const {
    return directory_ / date.to_string();
}

std::optional<fs::path> shelf::find(const uuid& id) const {
    const auto begun = day_of(id).date();
    for (const int off : {0, -1, 1}) {
        auto path = path_of(day(begun + std::chrono::days(off))) / id.to_string();
        std::error_code failure;
        if (fs::is_directory(path, failure)) return path;
    }
    return std::nullopt;
}

result<void> shelf::put(const uuid& id, const std::map<std::string, std::string>& files) {
    const auto path = path_of(day_of(id)) / id.to_string();
    const auto fresh = beside(path, ".new");
    for (const auto& directory : {directory_, path.parent_path(), fresh}) {
        if (auto made = make_directory(directory); !made) return made.error();
    }
    auto written = check_room(directory_);
    for (const auto& [name, content] : files) {
        if (written) written = write_new(fresh / name, content);
    }
    if (written && ::rename(fresh.c_str(), path.c_str()) != 0) written = last_system_error();
    if (!written) {
        std::error_code ignored;
        fs::remove_all(fresh, ignored);
    }
    return written;
}

std::vector<day> shelf::days() const {
    std::vector<day> found;
    for (const auto& name : names_in(directory_)) {
        if (const auto date = day::parse(name)) found.push_back(*date);
    }
    std::ranges::sort(found);
    return found;
}

std::vector<uuid> shelf::ids(day date, std::size_t count_max) const {
    std::vector<uuid> found;
    for (const auto& name : names_in(path_of(date))) {
        const auto id = uuid::parse(name);
        if (id && id->to_string() == name) found.push_back(*id);
    }
    std::ranges::sort(found);
    if (found.size() > count_max) {
        found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(count_max));
    }
    return found;
}

std::vector<fs::path> shelf::find(const selection& wanted) const {
    std::vector<fs::path> found;
    for (const auto date : days()) {
        if (wanted.date && *wanted.date != date) continue;
        for (const auto& id : ids(date, all)) {
            if (wanted.id && *wanted.id != id) continue;
            if (wanted.until && id.time() > *wanted.until) continue;
            auto path = path_of(date) / id.to_string();
            if (!wanted.service.empty() && service_of(path) != wanted.service) continue;
            found.push_back(std::move(path));
        }
    }
    return found;
}

amount shelf::count(const selection& wanted) const {
    amount sum;
    for (const auto& path : find(wanted)) {
        ++sum.captures;
        for (const auto& name : names_in(path)) {
            std::error_code failure;
            const auto bytes = fs::file_size(path / name, failure);
            ++sum.files;
            if (!failure) sum.bytes += bytes;
        }
    }
    return sum;
}

result<std::uint64_t> shelf::remove(const selection& wanted) {
    std::uint64_t removed = 0;
    error_code failure;
    for (const auto& path : find(wanted)) {
        const auto error = remove_whole(path);
        if (!error) ++removed;
        if (!failure) failure = error;
    }
    // Only empty ones go.
    for (const auto date : days()) static_cast<void>(::rmdir(path_of(date).c_str()));
    if (failure) return failure;
    return removed;
}

void shelf::clear_leftovers() {
    for (const auto date : days()) {
        for (const auto& name : names_in(path_of(date))) {
            std::error_code ignored;
            if (name.starts_with('.')) fs::remove_all(path_of(date) / name, ignored);
        }
    }
}

}  // namespace tallyfs::capture
