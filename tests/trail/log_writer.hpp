// A server's log as a test writes it: numbered lines, and every way of rotating it.
// Source: logrotate(8), PostgreSQL 15 log_filename and log_truncate_on_rotation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tallyfs::test {

inline void append(const std::filesystem::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    out << text;
}

inline std::string slurp(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// log.csv.1 becomes log.csv.2, and so on.
inline void shift_rotated(const std::filesystem::path& file, int kept) {
    namespace fs = std::filesystem;
    const auto name = [&](int number) {
        return fs::path(file.string() + "." + std::to_string(number));
    };
    fs::remove(name(kept));
    for (int number = kept - 1; number >= 1; --number)
        if (fs::exists(name(number))) fs::rename(name(number), name(number + 1));
}

inline void rotate_by_rename(const std::filesystem::path& file, int kept = 200) {
    shift_rotated(file, kept);
    if (std::filesystem::exists(file)) std::filesystem::rename(file, file.string() + ".1");
}

inline void rotate_by_copy(const std::filesystem::path& file, int kept = 200) {
    shift_rotated(file, kept);
    std::filesystem::copy_file(file, file.string() + ".1");
    std::filesystem::resize_file(file, 0);
}

/// "1 2026-11-20 …\n": no two are the same.
inline std::string numbered_line(std::uint64_t number) {
    std::string line = std::to_string(number) + " entry of the log ";
    line.append(number * 7 % 90, static_cast<char>('a' + number % 26));
    return line + "\n";
}

/// "" for the same lines; else the first ones that differ, and how many were lost or came twice.
inline std::string difference(const std::string& read, const std::string& written) {
    if (read == written) return "";
    std::size_t at = 0;
    while (at < read.size() && at < written.size() && read[at] == written[at]) ++at;
    const auto line = [&](const std::string& text) {
        const auto begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
        return begin < text.size() ? text.substr(begin, 40) : "(end)";
    };
    return "read " + line(read) + " instead of " + line(written) + ", " +
           std::to_string(std::count(read.begin(), read.end(), '\n')) + " lines of " +
           std::to_string(std::count(written.begin(), written.end(), '\n'));
}

}  // namespace tallyfs::test
