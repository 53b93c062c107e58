#include "ledger/implementation.hpp"
#include "ledger/queries.hpp"

namespace tallyfs::ledger {

namespace {

error_code invalid() {
    return make_error_code(boost::system::errc::invalid_argument);
}

stamp stamp_of(const standing& now, day date) {
    const auto known = now.days.find(date);
    return known == now.days.end() ? stamp{} : known->second.lines;
}

/// Enters the names of a rollup in `now`, in the order in which its day's lines did.
changes collect(standing& now, const rollup& kept) {
    changes batch;
    batch.names_before = now.names.count();
    batch.end = {{kept.date.next(), 1}, 0};
    for (const auto& row : kept.groups) batch.groups.push_back(now.names.enter(row.group));
    batch.name_stamps.resize(now.names.count().names);
    for (const auto& row : kept.quarters) {
        const auto of = batch.groups[row.group];
        batch.quarters[{row.quarter, of}] += row.sums;
        const auto& names = now.names.names_of(of);
        batch.name_stamps[names.service].lines += row.sums.calls;
        batch.name_stamps[names.model].lines += row.sums.calls;
    }
    for (const auto& row : kept.names) {
        const auto kind = row.model ? name_kind::model : name_kind::service;
        if (const auto id = now.names.find(kind, row.name)) {
            batch.name_stamps[*id].changed = row.last_call;
        }
    }
    return batch;
}

void accept(standing& now, const changes& batch, const rollup& kept) {
    now.open_day.clear();
    now.prompts = {};
    now.checkpoint = batch.end;
    now.last_line = {};
    now.unreadable_lines += kept.unreadable_lines;
    merge(now.all, kept.calls);
    now.days[kept.date] = {kept.calls, {}, kept.unreadable_lines};
    now.rolled[kept.date] = kept.made;
    now.name_stamps.resize(now.names.count().names);
    for (std::size_t i = 0; i < batch.name_stamps.size(); ++i) {
        merge(now.name_stamps[i], batch.name_stamps[i]);
    }
    if (kept.calls.lines > 0) now.loaded.clear();
    for (const auto& [model, options] : kept.loaded) now.loaded[model] = options;
}

}  // namespace

result<void> ledger::turn_to(const journal::position& next) {
    auto& self = *implementation_;
    auto& now = self.now;
    if (next.segment.date <= now.checkpoint.segment.date || next.offset != 0) return invalid();
    if (!self.current) return make_sqlite_error(SQLITE_CANTOPEN);
    if (auto turned = self.current->writer->write_turn(now, next); !turned) {
        self.note(turned.error());
        return turned;
    }
    now.open_day.clear();
    now.prompts = {};
    now.checkpoint = next;
    now.last_line = {};
    return {};
}

result<rollup> ledger::roll_up(day date, wall_time made) const {
    const auto& now = implementation_->now;
    if (date >= now.checkpoint.segment.date) return invalid();
    auto kept = implementation_->ask(read_rollup, now, date);
    if (kept) kept->made = made;
    return kept;
}

result<void> ledger::forget_lines(const rollup& kept) {
    auto& self = *implementation_;
    auto& now = self.now;
    if (now.rolled.contains(kept.date)) return {};
    if (kept.date >= now.checkpoint.segment.date || stamp_of(now, kept.date) != kept.calls) {
        return invalid();
    }
    if (!self.current) return make_sqlite_error(SQLITE_CANTOPEN);
    if (auto forgotten = self.current->writer->forget_lines(kept); !forgotten) {
        self.note(forgotten.error());
        return forgotten;
    }
    auto& known = now.days[kept.date];
    known.ids = {};
    known.unreadable = kept.unreadable_lines;
    now.rolled[kept.date] = kept.made;
    return {};
}

result<void> ledger::apply(const rollup& kept) {
    auto& self = *implementation_;
    auto& now = self.now;
    if (journal::position{{kept.date, 1}, 0} < now.checkpoint) return invalid();
    if (!self.current) return make_sqlite_error(SQLITE_CANTOPEN);
    const auto batch = collect(now, kept);
    if (auto stored = self.current->writer->write_rollup(now, batch, kept); !stored) {
        now.names.shrink_to(batch.names_before);
        self.note(stored.error());
        return stored;
    }
    accept(now, batch, kept);
    return {};
}

std::vector<day> ledger::rolled_days() const {
    std::vector<day> list;
    for (const auto& [date, made] : implementation_->now.rolled) list.push_back(date);
    return list;
}

wall_time ledger::last_rolled() const {
    wall_time last{};
    for (const auto& [date, made] : implementation_->now.rolled) last = std::max(last, made);
    return last;
}

}  // namespace tallyfs::ledger
