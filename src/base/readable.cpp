#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <array>

namespace tallyfs {

namespace {

/// Three significant digits: 9.6, 31.8, 412.
std::string three_digits(double value) {
    return value < 99.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

std::string grouped(std::int64_t value) {
    std::string digits = fmt::format("{}", value);
    const std::size_t first = value < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string short_count(std::int64_t value) {
    if (value < 1000) return fmt::format("{}", value);
    constexpr std::array units{'k', 'M', 'G', 'T', 'P', 'E'};
    auto scaled = static_cast<double>(value) / 1000;
    std::size_t unit = 0;
    for (; scaled >= 999.5 && unit + 1 < units.size(); ++unit) scaled /= 1000;
    return three_digits(scaled) + units[unit];
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    const auto text = short_count(static_cast<std::int64_t>(bytes));
    return fmt::format("{} {}B", text.substr(0, text.size() - 1), text.back());
}

std::string seconds_text(std::chrono::microseconds value) {
    const double seconds = std::chrono::duration<double>(value).count();
    if (value.count() == 0) return "0";
    if (seconds < 0.995) return fmt::format("{:.2f}", seconds);
    if (seconds < 9.95) return fmt::format("{:.1f}", seconds);
    return grouped(static_cast<std::int64_t>(seconds + 0.5));
}

std::string duration_text(std::chrono::microseconds value) {
    const double seconds = std::chrono::duration<double>(value).count();
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    if (seconds < 600) return fmt::format("{:.0f} s", seconds);
    const auto minutes = static_cast<std::int64_t>(seconds / 60 + 0.5);
    if (minutes < 120) return fmt::format("{} min", minutes);
    if (minutes < 48 * 60) return fmt::format("{} h {} min", minutes / 60, minutes % 60);
    return fmt::format("{} days", minutes / 60 / 24);
}

std::string percent_text(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return "-";
    return fmt::format("{:.1f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string ascii(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        const auto value = static_cast<unsigned char>(c);
        if ((value & 0xc0) == 0x80) continue;  // one '?' for a character, not for each byte
        plain += value >= 0x20 && value < 0x7f ? c : '?';
    }
    return plain;
}

std::string column(std::string_view text, std::size_t width) {
    std::string plain = ascii(text);
    if (plain.size() > width) {
        plain.resize(width);
        plain.back() = '~';
    }
    plain.resize(width, ' ');
    return plain;
}

std::string day_text(day date) {
    constexpr std::array names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    return std::string(names[std::chrono::weekday(date.date()).c_encoding()]) + " " +
           date.to_string();
}

std::string clock_text(wall_time time) {
    const auto local = zone::local(time);
    return fmt::format("{:02}:{:02}", local.hour, local.minute);
}

std::string counted(std::int64_t count, std::string_view noun) {
    return grouped(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string wrapped(std::string_view text, std::string_view indent) {
    std::string out;
    std::string line(indent);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        const auto word = text.substr(at, end - at);
        if (line.size() > indent.size() && line.size() + 1 + word.size() > columns_max) {
            out += line + "\n";
            line = indent;
        }
        if (line.size() > indent.size()) line += ' ';
        line += word;
        at = end + 1;
    }
    return out + line + "\n";
}

}  // namespace tallyfs
