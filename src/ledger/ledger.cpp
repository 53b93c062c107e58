#include "ledger/arithmetic.hpp"
#include "ledger/implementation.hpp"
#include "ledger/journal_lines.hpp"
#include "ledger/queries.hpp"

#include <algorithm>

namespace tallyfs::ledger {

namespace {

std::vector<std::string> names_with_lines(const standing& now, name_kind kind) {
    std::vector<std::string> names;
    for (std::size_t id = 0; id < now.name_stamps.size(); ++id) {
        const auto& name = now.names.at(static_cast<name_id>(id));
        if (name.kind != kind || name.text.empty()) continue;
        if (now.name_stamps[id].lines > 0) names.push_back(name.text);
    }
    std::sort(names.begin(), names.end());
    return names;
}

stamp stamp_of(const standing& now, name_kind kind, const std::string& text) {
    const auto id = now.names.find(kind, text);
    return id && *id < now.name_stamps.size() ? now.name_stamps[*id] : stamp{};
}

}  // namespace

ledger::ledger(std::filesystem::path file)
    : implementation_(std::make_unique<implementation>(std::move(file))) {
    const auto& path = implementation_->file;
    const auto complain = [&](const error_code& why) {
        throw startup_error("cannot open the ledger " + path.string() + ": " + why.message() +
                            " (another process has it open)");
    };
    std::error_code ignored;
    implementation_->was_created = !std::filesystem::exists(path, ignored);
    if (!implementation_->was_created) {
        if (const auto failure = implementation_->open_existing()) complain(failure);
    }
    if (!implementation_->current) {
        const auto created = implementation_->create();
        if (!created && is_locked(created.error())) complain(created.error());
    }
}

ledger::~ledger() = default;

const std::string& ledger::was_reset() const noexcept {
    return implementation_->reset_reason;
}

bool ledger::was_created() const noexcept {
    return implementation_->was_created;
}

error_code ledger::broken() const noexcept {
    return implementation_->broken;
}

journal::position ledger::checkpoint() const {
    return implementation_->now.checkpoint;
}

result<void> ledger::apply(const journal::batch& lines) {
    auto& self = *implementation_;
    if (lines.text.empty()) return {};
    if (!is_next(self.now.checkpoint, {lines.segment, lines.offset}) || lines.text.back() != '\n') {
        return error_code(boost::system::errc::invalid_argument, boost::system::generic_category());
    }
    if (!self.current) return make_sqlite_error(SQLITE_CANTOPEN);
    auto batch = collect(self.now, lines);
    if (auto stored = self.current->writer->write(self.now, batch); !stored) {
        self.now.names.shrink_to(batch.names_before);
        self.note(stored.error());
        return stored;
    }
    accept(self.now, std::move(batch));
    return {};
}

result<void> ledger::clear() {
    return implementation_->create();
}

result<std::string> ledger::reconcile(const std::vector<journal::segment_status>& segments) {
    const auto& now = implementation_->now;
    const auto is_last = [&](std::string_view line) { return hash_of(line) == now.last_line.hash; };
    auto reason = find_disagreement(now.checkpoint, now.last_line.bytes, segments, is_last);
    if (reason.empty()) return reason;
    if (auto cleared = clear(); !cleared) return cleared.error();
    return reason;
}

std::int64_t ledger::unreadable_lines() const noexcept {
    return implementation_->now.unreadable_lines;
}

result<std::vector<usage_row>> ledger::usage(const usage_query& query) const {
    std::vector<usage_row> rows;
    const auto keep = [&](const usage_row& row) { rows.push_back(row); };
    if (auto read = for_each_usage(query, keep); !read) return read.error();
    return rows;
}

result<void> ledger::for_each_usage(const usage_query& query,
                                    const std::function<void(const usage_row&)>& show) const {
    return implementation_->ask(read_usage, implementation_->now, query, show);
}

std::vector<day> ledger::days() const {
    std::vector<day> list;
    for (const auto& [date, known] : implementation_->now.days) {
        if (known.lines.lines > 0) list.push_back(date);
    }
    return list;
}

std::vector<std::string> ledger::services() const {
    return names_with_lines(implementation_->now, name_kind::service);
}

std::vector<std::string> ledger::models() const {
    return names_with_lines(implementation_->now, name_kind::model);
}

stamp ledger::stamp_of_all() const {
    return implementation_->now.all;
}

stamp ledger::stamp_of_day(day date) const {
    const auto& days = implementation_->now.days;
    const auto found = days.find(date);
    return found == days.end() ? stamp{} : found->second.lines;
}

stamp ledger::stamp_of_service(const std::string& service) const {
    return stamp_of(implementation_->now, name_kind::service, service);
}

stamp ledger::stamp_of_model(const std::string& model) const {
    return stamp_of(implementation_->now, name_kind::model, model);
}

result<std::vector<cold_start>> ledger::cold_starts(std::size_t rows_max) const {
    return implementation_->ask(read_cold_starts, implementation_->now, rows_max);
}

result<std::vector<swap>> ledger::swaps(std::size_t rows_max) const {
    return implementation_->ask(read_swaps, implementation_->now, rows_max);
}

result<std::vector<departure>> ledger::departures(day first) const {
    return implementation_->ask(read_departures, implementation_->now, first);
}

result<std::vector<swap_count>> ledger::swap_counts(const usage_query& query) const {
    return implementation_->ask(read_swap_counts, implementation_->now, query);
}

result<std::vector<duplicate>> ledger::duplicates(std::optional<day> first,
                                                  std::size_t rows_max) const {
    return implementation_->ask(read_duplicates, implementation_->now, first, rows_max);
}

result<std::vector<repetition>> ledger::repetitions(day date) const {
    return implementation_->ask(read_repetitions, implementation_->now, date);
}

result<std::optional<place>> ledger::locate(const uuid& id,
                                            const std::filesystem::path& calls_directory) const {
    return implementation_->ask(find_line, implementation_->now, id, calls_directory);
}

}  // namespace tallyfs::ledger
