#include "health/report_text.hpp"

#include <tallyfs/base/readable.hpp>

#include <spdlog/fmt/fmt.h>

#include <array>

namespace tallyfs::health {

namespace {

constexpr std::size_t label_columns = 13;

std::string clipped(std::string_view word, std::size_t columns) {
    if (word.size() <= columns) return std::string(word);
    return std::string(word.substr(0, columns - 1)) + "~";
}

std::vector<const standing_finding*> muted_last(std::vector<const standing_finding*> found) {
    std::ranges::stable_partition(found, [](const auto* one) { return one->muted_by.empty(); });
    return found;
}

}  // namespace

std::string title_line(std::string_view left, std::string_view right) {
    const std::size_t room = columns_max - right.size() - 1;
    return column(left, room) + " " + std::string(right) + "\n";
}

void append_paragraph(std::string& out, std::string_view first, std::string_view text,
                      std::string_view rest) {
    const std::string plain = ascii(text);
    const std::string next = rest.empty() ? std::string(first.size(), ' ') : std::string(rest);
    const std::size_t room = columns_max - std::max(first.size(), next.size());
    std::string line(first);
    bool empty = true;
    for (std::size_t at = 0; at < plain.size();) {
        const auto end = std::min(plain.find(' ', at), plain.size());
        const auto word = clipped(std::string_view(plain).substr(at, end - at), room);
        at = end + 1;
        if (word.empty()) continue;
        if (!empty && line.size() + 1 + word.size() > columns_max) {
            out += line + "\n";
            line = next;
            empty = true;
        }
        if (!empty) line += ' ';
        line += word;
        empty = false;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
}

void append_labelled(std::string& out, std::string_view label, std::string_view text) {
    append_paragraph(out, column(label, label_columns), text);
}

std::string moment_text(wall_time time) {
    const auto local = zone::local(time);
    return fmt::format("{} {:02}:{:02}:{:02} {}", day_text(local.date), local.hour, local.minute,
                       local.second, local.abbreviation);
}

std::string short_moment_text(wall_time time) {
    return zone::day_of(time).to_string().substr(5) + " " + clock_text(time);
}

std::string age_text(wall_time then, wall_time now) {
    return duration_text(std::max(now - then, std::chrono::microseconds(0)));
}

std::string since_text(wall_time since, wall_time now) {
    if (zone::day_of(since) == zone::day_of(now)) return "since " + clock_text(since);
    return "for " + age_text(since, now);
}

void counts::add(const standing_finding& one) {
    if (!one.muted_by.empty()) {
        ++muted;
        return;
    }
    const auto how_bad = one.finding.severity;
    ++(how_bad == severity::critical ? critical : how_bad == severity::warning ? warning : info);
}

std::string counts_text(const counts& of) {
    std::string text = fmt::format("{} CRIT {} WARN {} INFO", of.critical, of.warning, of.info);
    if (of.muted > 0) text += fmt::format(" {} MUTED", of.muted);
    return text;
}

std::string_view label_of(severity value) noexcept {
    return value == severity::critical ? "CRIT" : value == severity::warning ? "WARN" : "INFO";
}

std::vector<const standing_finding*> in_order(const watched_server& server) {
    std::vector<const standing_finding*> found;
    for (const auto& one : server.findings) found.push_back(&one);
    return muted_last(std::move(found));
}

std::vector<const standing_finding*> in_order(const watched_server& server,
                                              std::string_view database) {
    std::vector<const standing_finding*> found;
    for (const auto& one : server.findings) {
        if (one.finding.database == database) found.push_back(&one);
    }
    return muted_last(std::move(found));
}

const reachability* failing(const watched_server& server, const watched_database& one) noexcept {
    if (!server.reach.problem.empty()) return &server.reach;
    return one.reach.problem.empty() ? nullptr : &one.reach;
}

std::string_view to_string(database_state value) noexcept {
    constexpr std::array<std::string_view, 7> names{"OFF",  "OK",   "NEW", "INFO",
                                                    "WARN", "CRIT", "DOWN"};
    return names[static_cast<std::size_t>(value)];
}

database_state state_of(const watched_server& server, const watched_database& one,
                        const counts& found) {
    if (!one.what.active) return database_state::off;
    if (failing(server, one) != nullptr) return database_state::down;
    if (found.critical > 0) return database_state::critical;
    if (found.warning > 0) return database_state::warning;
    if (found.info > 0) return database_state::info;
    return one.full == nullptr ? database_state::fresh : database_state::fine;
}

wall_time time_of(const watched_server& server) {
    if (server.sample != nullptr) return server.sample->taken;
    if (server.reach.failing_since) return *server.reach.failing_since;
    return server.reach.seen.value_or(wall_time{});
}

std::string shell_word(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._-/%+,:@").find(c) != std::string_view::npos;
    };
    if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') quoted += "'\\'";
        quoted += c;
    }
    return quoted + "'";
}

}  // namespace tallyfs::health
