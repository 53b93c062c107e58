#include "ledger/audit_blocks.hpp"
#include "ledger/journal_lines.hpp"

#include <algorithm>
#include <cstring>

namespace tallyfs::ledger {

namespace {

/// Blocks that are asked for at a time: the index waits no longer than that takes.
constexpr std::size_t blocks_at_a_time = 256;

bool has_rule(const record::audit_event& e, const std::string& rule) {
    return std::ranges::find(e.rules, rule) != e.rules.end();
}

bool matches(const audit_query& query, const record::audit_event& e) {
    const auto is = [](const std::optional<std::string>& wanted, const std::string& text) {
        return !wanted || *wanted == text;
    };
    return is(query.cluster, e.cluster) && is(query.user, e.user) &&
           is(query.database, e.database) && is(query.object, e.object) &&
           is(query.class_name, e.class_name) && is(query.command, e.command) &&
           is(query.kind, e.kind) && (!query.rule || has_rule(e, *query.rule)) &&
           (!query.from || e.logged >= *query.from) && (!query.until || e.logged < *query.until);
}

/// What a line has to contain to be looked at: plain names stand in their quotes as they are.
std::vector<std::string> needles_of(const audit_query& query) {
    std::vector<std::string> needles;
    // The rarest first, as far as anybody can tell.
    for (const auto* name : {&query.rule, &query.object, &query.user, &query.command, &query.kind,
                             &query.class_name, &query.database, &query.cluster}) {
        if (!*name || (*name)->empty() || !is_plain_name(**name)) continue;
        needles.push_back('"' + **name + '"');
    }
    return needles;
}

/// Looks through blocks from the newest one down, and keeps where its finds are.
class search {
  public:
    search(const audit_query& query, const std::filesystem::path& directory)
        : query_(query), needles_(needles_of(query)), directory_(directory) {}

    result<void> look_through(const audit_block& block);
    [[nodiscard]] bool enough() const {
        return places_.size() > query_.events_max || found_.lines_read >= query_.lines_read_max;
    }
    result<audit_found> show(
        const std::function<void(std::string_view line, const record::audit_event&)>& show);

  private:
    [[nodiscard]] bool is_wanted(std::string_view line) const;

    const audit_query& query_;
    const std::vector<std::string> needles_;
    const std::filesystem::path& directory_;
    std::vector<place> places_;  ///< the newest first
    audit_found found_;
};

bool search::is_wanted(std::string_view line) const {
    const bool worth_reading = std::ranges::all_of(needles_, [&](const std::string& needle) {
        return ::memmem(line.data(), line.size(), needle.data(), needle.size()) != nullptr;
    });
    if (!worth_reading) return false;
    const auto event = record::parse_audit_event(line);
    return event && matches(query_, *event);
}

result<void> search::look_through(const audit_block& block) {
    const auto text = read_block(block.where, directory_);
    if (!text) return text.error();
    const auto before = places_.size();
    std::size_t begin = 0;
    for (auto end = text->find('\n'); end != std::string::npos; end = text->find('\n', begin)) {
        const auto line = std::string_view(*text).substr(begin, end + 1 - begin);
        ++found_.lines_read;
        if (is_wanted(line)) {
            places_.push_back({block.where.segment, block.where.offset + begin, line.size()});
        }
        begin = end + 1;
    }
    std::reverse(places_.begin() + static_cast<std::ptrdiff_t>(before), places_.end());
    return {};
}

result<audit_found> search::show(
    const std::function<void(std::string_view line, const record::audit_event&)>& show) {
    found_.more = enough();
    places_.resize(std::min(places_.size(), query_.events_max));
    for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
        const auto text = read_block(*place, directory_);
        if (!text) return text.error();
        const auto event = record::parse_audit_event(*text);
        if (!event) continue;
        ++found_.events;
        show(std::string_view(*text).substr(0, text->size() - 1), *event);
    }
    return found_;
}

}  // namespace

result<audit_found> audit_index::find(
    const audit_query& query, const std::filesystem::path& segments,
    const std::function<void(std::string_view line, const record::audit_event&)>& show) const {
    auto& self = *implementation_;
    auto wanted = [&] {
        const std::lock_guard lock(self.mutex);
        return self.prepare(query);
    }();
    search looking(query, segments);
    while (!looking.enough() && wanted.below > 0) {
        const auto blocks = [&] {
            const std::lock_guard lock(self.mutex);
            return self.candidates(query, wanted, blocks_at_a_time);
        }();
        if (!blocks) return blocks.error();
        for (const auto& block : *blocks) {
            if (looking.enough()) break;
            if (const auto looked = looking.look_through(block); !looked) return looked.error();
        }
    }
    return looking.show(show);
}

std::optional<day> audit_index::oldest_day() const {
    auto& self = *implementation_;
    const std::lock_guard lock(self.mutex);
    if (!self.current) return std::nullopt;
    statement read(self.current->file, "SELECT * FROM blocks ORDER BY day LIMIT 1");
    if (read.step()) return read_audit_block(read).where.segment.date;
    if (const auto failure = self.current->file.take_failure()) {
        self.note(failure);
        return std::nullopt;
    }
    if (self.young.empty()) return std::nullopt;
    return self.young.front().where.segment.date;
}

audit_index::figures audit_index::count() const {
    const auto& self = *implementation_;
    const std::lock_guard lock(self.mutex);
    figures counted;
    counted.lines = static_cast<std::uint64_t>(self.now.lines);
    counted.unreadable_lines = static_cast<std::uint64_t>(self.now.unreadable);
    counted.names = self.names.count();
    for (const char* const suffix : {"", "-wal"}) {
        std::error_code missing;
        const auto bytes = std::filesystem::file_size(self.file.string() + suffix, missing);
        if (!missing) counted.file_bytes += bytes;
    }
    return counted;
}

}  // namespace tallyfs::ledger
