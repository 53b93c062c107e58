#include "postgres/history_files.hpp"

#include <tallyfs/health/activity.hpp>
#include <tallyfs/health/day_figures.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::postgres {

namespace {

constexpr std::array<std::string_view, 3> kind_names{"activity", "queries", "tables"};
constexpr std::string_view ending = ".csv";
constexpr std::size_t day_bytes = 10;

result<void> make_directory(const std::filesystem::path& directory) {
    std::error_code failure;
    // Who may look into it is a matter of the state directory, which has mode 0700.
    std::filesystem::create_directories(directory, failure);
    if (failure) return error_code(failure.value(), boost::system::system_category());
    return {};
}

}  // namespace

std::string history_file::name() const {
    return date.to_string() + "." + std::string(kind_names[static_cast<std::size_t>(kind)]) +
           std::string(ending);
}

std::optional<history_file> history_file::parse(std::string_view name) {
    if (name.size() < day_bytes || !name.ends_with(ending)) return std::nullopt;
    const auto date = day::parse(name.substr(0, day_bytes));
    if (!date) return std::nullopt;
    for (const auto kind : history_kinds) {
        const history_file made{*date, kind};
        if (made.name() == name) return made;
    }
    return std::nullopt;
}

std::string_view history_file::header() const noexcept {
    switch (kind) {
        case history_kind::activity:
            return health::activity_header();
        case history_kind::queries:
            return health::statements_day_header();
        case history_kind::tables:
            break;
    }
    return health::tables_day_header();
}

std::vector<history_file> history_files(const std::filesystem::path& directory) {
    std::vector<history_file> found;
    std::error_code none;
    std::filesystem::directory_iterator entries(directory, none);
    for (; !none && entries != std::filesystem::directory_iterator(); entries.increment(none)) {
        if (const auto file = history_file::parse(entries->path().filename().string())) {
            found.push_back(*file);
        }
    }
    std::ranges::sort(found);
    return found;
}

result<std::uint64_t> cut_torn_line(int fd) {
    struct ::stat status {};
    if (::fstat(fd, &status) != 0) return last_system_error();
    if (!S_ISREG(status.st_mode)) {
        return make_error_code(boost::system::errc::invalid_argument);
    }
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    constexpr std::uint64_t line_bytes_max = 16 * 1024;
    const auto from = bytes > line_bytes_max ? bytes - line_bytes_max : 0;
    const auto tail = read_at(fd, from, static_cast<std::size_t>(bytes - from));
    if (!tail) return tail.error();
    const auto newline = tail->rfind('\n');
    const auto whole = newline == std::string::npos ? from : from + newline + 1;
    if (whole < bytes && ::ftruncate(fd, static_cast<::off_t>(whole)) != 0) {
        return last_system_error();
    }
    return whole;
}

result<std::uint64_t> append_line(const std::filesystem::path& path, std::string_view header,
                                  std::string_view line) {
    if (auto made = make_directory(path.parent_path()); !made) return made.error();
    const auto file = open_file(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
    if (!file) return file.error();
    const auto before = cut_torn_line(file->get());
    if (!before) return before.error();
    const auto text = std::string(*before == 0 ? header : "") + std::string(line);
    const auto written = ::write(file->get(), text.data(), text.size());
    if (written == static_cast<::ssize_t>(text.size())) return *before + text.size();
    const auto failure = written < 0 ? last_system_error()
                                     : make_error_code(boost::system::errc::no_space_on_device);
    // If that fails too, the next line's write cuts it off.
    if (::ftruncate(file->get(), static_cast<::off_t>(*before)) != 0) return failure;
    return failure;
}

result<std::string> read_history(const std::filesystem::path& path) {
    auto text = read_file(path, history_file_bytes_max);
    if (!text && text.error() == boost::system::errc::no_such_file_or_directory) return "";
    return text;
}

result<void> replace_history(const std::filesystem::path& path, std::string_view text) {
    if (auto made = make_directory(path.parent_path()); !made) return made.error();
    auto done = replace_file(path, text);
    if (!done) ::unlink((path.string() + ".new").c_str());
    return done;
}

}  // namespace tallyfs::postgres
