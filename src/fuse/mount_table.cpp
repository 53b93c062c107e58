#include "fuse/mount_table.hpp"

#include <tallyfs/base/error.hpp>

#include <charconv>
#include <fstream>
#include <sstream>

namespace tallyfs::fuse {

namespace {

std::string_view next_field(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

/// Space, tab, newline and backslash are written as three octal digits.
std::string unescape(std::string_view field) {
    std::string text;
    for (std::size_t at = 0; at < field.size(); ++at) {
        unsigned code = 0;
        const char* digits = field.data() + at + 1;
        if (field[at] == '\\' && at + 3 < field.size() &&
            std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
            text += static_cast<char>(code);
            at += 3;
        } else {
            text += field[at];
        }
    }
    return text;
}

struct line_of_mountinfo {
    mounted what;
    std::string path;
};

/// "36 35 98:0 /root /path options shared:1 - type source options".
line_of_mountinfo parse(std::string_view line) {
    line_of_mountinfo parsed;
    const std::string_view number = next_field(line);
    std::from_chars(number.data(), number.data() + number.size(), parsed.what.number);
    for (int skipped = 0; skipped < 3; ++skipped) next_field(line);
    parsed.path = unescape(next_field(line));
    while (!line.empty() && next_field(line) != "-") {
    }
    parsed.what.type = next_field(line);
    return parsed;
}

}  // namespace

std::optional<mounted> top_mount(std::string_view mountinfo, std::string_view path) {
    std::optional<mounted> top;
    while (!mountinfo.empty()) {
        const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
        auto parsed = parse(mountinfo.substr(0, end));
        if (parsed.path == path) top = std::move(parsed.what);
        mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    }
    return top;
}

std::optional<mounted> top_mount(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream("/proc/self/mountinfo").rdbuf();
    return top_mount(text.str(), path.native());
}

namespace {

std::filesystem::path without_slash(const std::filesystem::path& path) {
    const auto whole = std::filesystem::absolute(path).lexically_normal();
    return whole.has_filename() ? whole : whole.parent_path();
}

/// Links are followed by hand, since looking at what they lead to may fail.
std::filesystem::path follow_links(std::filesystem::path path) {
    constexpr int links_max = 40;  // as the kernel has it: path_resolution(7)
    std::error_code failure;
    for (int followed = 0; followed < links_max; ++followed) {
        if (std::filesystem::symlink_status(path, failure).type() !=
            std::filesystem::file_type::symlink) {
            break;
        }
        path = without_slash(path.parent_path() / std::filesystem::read_symlink(path));
    }
    return path;
}

}  // namespace

std::filesystem::path locate(const std::filesystem::path& mountpoint) {
    const auto path = follow_links(without_slash(mountpoint));
    std::error_code failure;
    const auto above = std::filesystem::canonical(path.parent_path(), failure);
    if (failure) {
        throw startup_error("mountpoint " + path.string() + ": " + path.parent_path().string() +
                            " is not a directory that can be reached (" + failure.message() +
                            "). Create it, or name another one.");
    }
    return above / path.filename();
}

}  // namespace tallyfs::fuse
