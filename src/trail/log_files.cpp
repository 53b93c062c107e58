#include "trail/log_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <set>
#include <unistd.h>

namespace tallyfs::trail {

namespace {

/// Longer than a tick of the clock that file systems take their times from.
constexpr std::int64_t quiet_ns = 50'000'000;
constexpr int scans_max = 6;
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
/// What PostgreSQL names its logs by format, the one that says most first.
constexpr std::array<std::string_view, 3> families{".csv", ".json", ".log"};

std::int64_t nanoseconds(const ::timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * nanoseconds_per_second + time.tv_nsec;
}

/// The clock that file systems of this machine take their times from: it is behind the exact one.
std::int64_t file_time_now() {
    ::timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return nanoseconds(now);
}

struct directory_closer {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// Who we are and who could read it, as a command that mends it.
std::string how_to_be_allowed(int directory, const std::string& name) {
    struct ::stat status {};
    const int found = directory >= 0 ? ::fstatat(directory, name.c_str(), &status, 0)
                                     : ::stat(name.c_str(), &status);
    if (found != 0) return "every directory above it has to let tallyfs pass (chmod a+x)";
    std::array<char, 4096> room{};
    ::passwd user{};
    ::passwd* has_user = nullptr;
    ::getpwuid_r(::geteuid(), &user, room.data(), room.size(), &has_user);
    const std::string us = has_user != nullptr ? user.pw_name : std::to_string(::geteuid());
    std::array<char, 4096> group_room{};
    ::group group{};
    ::group* has_group = nullptr;
    ::getgrgid_r(status.st_gid, &group, group_room.data(), group_room.size(), &has_group);
    const std::string theirs = has_group != nullptr ? group.gr_name : std::to_string(status.st_gid);
    if ((status.st_mode & S_IRGRP) == 0)
        return "its group may not read it: set log_file_mode = 0640 in postgresql.conf, chmod g+rX "
               "what is there, then usermod -aG " +
               theirs + " " + us;
    return "usermod -aG " + theirs + " " + us + ", then restart tallyfs";
}

}  // namespace

log_files::log_files(std::filesystem::path pattern, std::string family, bool with_packed)
    : pattern_(std::move(pattern)), family_(std::move(family)), with_packed_(with_packed) {}

void log_files::find_directory() {
    struct ::stat status {};
    const auto name = pattern_.filename().string();
    const bool is_pattern = name.find_first_of("*?[") != name.npos;
    const bool is_directory =
        name.empty() ||
        (!is_pattern && ::stat(pattern_.c_str(), &status) == 0 && S_ISDIR(status.st_mode));
    directory_ = is_directory ? pattern_ : pattern_.parent_path();
    if (directory_.empty()) directory_ = ".";
    name_pattern_ = is_pattern ? name : "";
    single_name_ = is_directory || is_pattern ? "" : name;
}

bool log_files::is_meant(const std::string& name) const {
    if (name.starts_with('.') || (is_packed(name) && !with_packed_)) return false;
    if (with_packed_ && is_packed(name) && !name.ends_with(".gz")) return false;
    const std::string base(base_of(name));
    if (!single_name_.empty()) return base == single_name_ || name == single_name_;
    if (!name_pattern_.empty()) {
        return ::fnmatch(name_pattern_.c_str(), name.c_str(), 0) == 0 ||
               (!with_packed_ && ::fnmatch(name_pattern_.c_str(), base.c_str(), 0) == 0);
    }
    if (family_.empty())
        return std::ranges::any_of(families, [&](auto one) { return base.ends_with(one); });
    return base.ends_with(family_);
}

void log_files::choose_family(const std::vector<listed_file>& files) {
    if (!family_.empty() || !single_name_.empty() || !name_pattern_.empty()) return;
    for (const auto family : families) {
        const bool is_there = std::ranges::any_of(files, [&](const auto& file) {
            return file.is_meant && base_of(file.name).ends_with(family);
        });
        if (!is_there) continue;
        family_ = family;
        return;
    }
}

bool log_files::scan(listing& made, std::string& link) const {
    made.files.clear();
    link.clear();
    // An own descriptor, because each has its position in the directory.
    auto own =
        open_file("/proc/self/fd/" + std::to_string(directory_fd_.get()), O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, directory_closer> names(own ? ::fdopendir(own->get()) : nullptr);
    if (!names) {
        made.problem = directory_.string() + " cannot be listed (" +
                       (own ? last_system_error() : own.error()).message() + ")";
        return false;
    }
    static_cast<void>(own->release());
    std::set<file_id> ids;
    for (const auto* entry = ::readdir(names.get()); entry != nullptr;
         entry = ::readdir(names.get())) {
        struct ::stat status {};
        listed_file file;
        file.name = entry->d_name;
        if (::fstatat(directory_fd_.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno != EACCES) continue;  // it vanished meanwhile
            made.problem = directory_.string() + " cannot be entered (" +
                           last_system_error().message() +
                           "): " + how_to_be_allowed(-1, directory_.string());
            return false;
        }
        if (!S_ISREG(status.st_mode)) {
            if (file.name == single_name_) link = S_ISLNK(status.st_mode) ? "a link" : "no file";
            continue;
        }
        if (is_packed(file.name) && !with_packed_) continue;
        file.id = {status.st_dev, status.st_ino};
        file.size = static_cast<std::uint64_t>(std::max<::off_t>(status.st_size, 0));
        file.modified_ns = nanoseconds(status.st_mtim);
        file.is_meant = is_meant(file.name);
        // By two names: it was renamed meanwhile, or linked.
        if (ids.insert(file.id).second) made.files.push_back(std::move(file));
    }
    std::ranges::sort(made.files, {}, &listed_file::name);
    return true;
}

bool log_files::is_quiet(std::int64_t now) const {
    struct ::stat status {};
    return ::fstat(directory_fd_.get(), &status) == 0 &&
           nanoseconds(status.st_mtim) < now - quiet_ns;
}

listing log_files::look() {
    listing made;
    made.begun_ns = file_time_now();
    find_directory();
    auto opened = open_file(directory_, O_RDONLY | O_DIRECTORY);
    if (!opened) {
        made.problem = directory_.string() + " cannot be listed (" + opened.error().message() + ")";
        if (opened.error().value() == EACCES)
            made.problem += ": " + how_to_be_allowed(-1, directory_.string());
        return made;
    }
    directory_fd_ = std::move(*opened);
    std::string link;
    std::set<std::pair<file_id, std::string>> meant;
    // What is renamed while a directory is read can be missed: it is read until it stays the same.
    for (int tries = 0; tries < scans_max && !made.is_stable; ++tries) {
        if (!scan(made, link)) return made;
        const auto before = std::exchange(meant, {});
        for (const auto& file : made.files)
            if (file.is_meant) meant.emplace(file.id, file.name);
        made.is_stable = (tries > 0 && meant == before) || is_quiet(made.begun_ns);
    }
    made.was_seen = true;
    if (family_.empty()) {
        choose_family(made.files);
        for (auto& file : made.files) file.is_meant = is_meant(file.name);
    }
    std::ranges::sort(made.files, is_older);
    drop_oldest(made);
    explain_nothing(made, link);
    return made;
}

/// What is not meant is bounded for itself: it takes no place from what is.
void log_files::drop_oldest(listing& made) const {
    const auto all = made.files.size();
    const auto meant =
        static_cast<std::size_t>(std::ranges::count_if(made.files, &listed_file::is_meant));
    auto drop = meant - std::min(meant, files_max);
    auto drop_others = all - meant - std::min(all - meant, files_max);
    if (drop > 0)
        made.problem = directory_.string() + " has more than " + std::to_string(files_max) +
                       " logs: the " + std::to_string(drop) + " oldest are not seen";
    std::erase_if(made.files, [&](const listed_file& file) {
        auto& left = file.is_meant ? drop : drop_others;
        if (left == 0) return false;
        --left;
        return true;
    });
}

void log_files::explain_nothing(listing& made, const std::string& link) const {
    if (!made.problem.empty()) return;
    if (!link.empty()) {
        made.problem = pattern_.string() + " is " + link +
                       ", which is not read: name the file or its directory";
    } else if (std::ranges::none_of(made.files, &listed_file::is_meant)) {
        made.problem = "no file is there: " + pattern_.string();
    }
}

result<unique_fd> log_files::open(const std::string& name, const file_id& id) const {
    for (;;) {
        unique_fd file(::openat(directory_fd_.get(), name.c_str(),
                                O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
        if (!file) {
            if (errno == EINTR) continue;
            return last_system_error();
        }
        struct ::stat status {};
        if (::fstat(file.get(), &status) != 0) return last_system_error();
        if (!S_ISREG(status.st_mode))
            return make_error_code(boost::system::errc::operation_not_permitted);
        if (file_id{status.st_dev, status.st_ino} != id)
            return make_error_code(boost::system::errc::no_such_file_or_directory);
        return file;
    }
}

std::string log_files::problem_of(const std::string& name, const error_code& why) const {
    auto text = (directory_ / name).string() + " cannot be read (" + why.message() + ")";
    if (why.value() == EACCES) text += ": " + how_to_be_allowed(directory_fd_.get(), name);
    return text;
}

}  // namespace tallyfs::trail
