#include "postgres/migration_files.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>

namespace tallyfs::postgres {

namespace {

/// Entries that are looked at in a directory, migrations or not.
constexpr std::size_t entries_max = 100'000;

struct closer {
    void operator()(::DIR* open) const noexcept { ::closedir(open); }
};
using directory_handle = std::unique_ptr<::DIR, closer>;

outcome<directory_handle> open_directory(const std::string& path) {
    auto file = open_file(path, O_RDONLY | O_DIRECTORY);
    if (!file) return failure{"", path + ": " + file.error().message()};
    directory_handle handle(::fdopendir(file->get()));
    if (!handle) return failure{"", path + ": " + last_system_error().message()};
    static_cast<void>(file->release());
    return handle;
}

/// Names of migrations, sorted. `problem` says why they are not all.
std::vector<std::string> names_in(::DIR* directory, std::string& problem) {
    std::vector<std::string> names;
    for (std::size_t seen = 0;; ++seen) {
        errno = 0;
        const auto* entry = ::readdir(directory);
        if (entry == nullptr && errno != 0) problem = last_system_error().message();
        if (entry == nullptr) break;
        if (health::version_of(entry->d_name).empty()) continue;
        if (names.size() == health::migration_files_max || seen > entries_max) {
            problem = "it holds too many files: not all of them were read";
            break;
        }
        names.emplace_back(entry->d_name);
    }
    std::ranges::sort(names);
    return names;
}

/// Neither follows a link nor waits for whoever writes to a FIFO.
outcome<std::string> read_entry(::DIR* directory, const std::string& name) {
    const unique_fd file(
        ::openat(::dirfd(directory), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file && errno == ELOOP) return failure{"", "is a link: links are not followed"};
    if (!file) return failure{"", last_system_error().message()};
    struct ::stat status {};
    if (::fstat(file.get(), &status) != 0) return failure{"", last_system_error().message()};
    if (!S_ISREG(status.st_mode)) return failure{"", "is no file"};
    auto content = read_at(file.get(), 0, health::migration_bytes_max + 1);
    if (!content) return failure{"", content.error().message()};
    if (content->size() > health::migration_bytes_max) {
        return failure{"",
                       "has more than " + std::to_string(health::migration_bytes_max) + " bytes"};
    }
    return {boost::system::in_place_value, std::move(*content)};
}

}  // namespace

health::migration_directory read_migrations(const std::string& path) {
    health::migration_directory found;
    if (path.empty()) return found;
    const auto directory = open_directory(path);
    if (!directory) {
        found.problem = directory.error().what;
        return found;
    }
    found.known = true;
    std::size_t bytes = 0;
    for (auto& name : names_in(directory->get(), found.problem)) {
        health::migration_file file;
        file.version = health::version_of(name);
        const auto content = bytes > migrations_bytes_max
                                 ? failure{"", "not read: the directory is too large"}
                                 : read_entry(directory->get(), name);
        if (content) {
            bytes += content->size();
            file.sha256 = sha256_hex(*content);
            const auto parsed = health::parse_migration(*content);
            if (!parsed) file.problem = parsed.error().message();
        } else {
            file.problem = content.error().what;
        }
        file.name = std::move(name);
        found.files.push_back(std::move(file));
    }
    return found;
}

outcome<migration_source> find_migration(const std::string& path, std::string_view version) {
    if (path.empty()) {
        return failure{"", "no directory of migrations is registered: migrations=DIRECTORY"};
    }
    const auto directory = open_directory(path);
    if (!directory) return directory.error();
    migration_source found;
    std::string problem;
    for (auto& name : names_in(directory->get(), problem)) {
        if (health::version_of(name) != version) continue;
        if (!found.name.empty()) {
            return failure{"", found.name + " and " + name + " have the same version"};
        }
        found.name = std::move(name);
    }
    if (!problem.empty()) return failure{"", path + ": " + problem};
    if (found.name.empty()) {
        return failure{"", "no file in " + path + " has the version " + std::string(version)};
    }
    auto content = read_entry(directory->get(), found.name);
    if (!content) return failure{"", found.name + " " + content.error().what};
    found.path = path + (path.ends_with('/') ? "" : "/") + found.name;
    found.sha256 = sha256_hex(*content);
    found.content = std::move(*content);
    return found;
}

}  // namespace tallyfs::postgres
