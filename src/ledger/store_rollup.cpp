#include "ledger/figures.hpp"
#include "ledger/store.hpp"

namespace tallyfs::ledger {

result<void> store::write_turn(const standing& now, const journal::position& next) {
    transaction all(owner_);
    close_day(now);
    set_checkpoint_.run(next.segment.date.number(), next.segment.part, next.offset, 0, 0,
                        now.all.lines, now.all.changed, now.unreadable_lines);
    return all.commit();
}

result<void> store::write_rollup(const standing& now, const changes& batch, const rollup& kept) {
    transaction all(owner_);
    close_day(now);
    write_names(now, batch);
    write_quarters(kept.date, batch.quarters);
    write_rolled_sums(batch, kept);
    write_rolled_day(kept);
    const auto date = kept.date.number();
    statement add_name(owner_, "INSERT INTO day_names VALUES(?,?,?)");
    for (const auto& row : kept.names) {
        const auto kind = row.model ? name_kind::model : name_kind::service;
        add_name.run(date, now.names.find(kind, row.name).value_or(0), row.last_call);
    }
    if (kept.calls.lines > 0) owner_.execute("DELETE FROM loaded");
    statement add_loaded(owner_, "INSERT INTO day_loaded VALUES(?,?,?)");
    for (const auto& [model, options] : kept.loaded) {
        put_loaded_.run(model, options);
        add_loaded.run(date, model, options);
    }
    stamp lines = now.all;
    merge(lines, kept.calls);
    const auto& end = batch.end;
    set_checkpoint_.run(end.segment.date.number(), end.segment.part, end.offset, 0, 0, lines.lines,
                        lines.changed, now.unreadable_lines + kept.unreadable_lines);
    return all.commit();
}

void store::write_rolled_sums(const changes& batch, const rollup& kept) {
    const auto date = kept.date.number();
    std::map<group_id, sums> by_group;
    for (const auto& [key, figures] : batch.quarters) by_group[key.of] += figures;
    for (std::size_t i = 0; i < kept.groups.size(); ++i) {
        const auto of = batch.groups[i];
        add_day_usage_.bind(date, of);
        bind_figures(add_day_usage_, by_group[of]);
        add_day_usage_.bind_next(kept.groups[i].prompts);
        add_day_usage_.bind_next(kept.groups[i].repeats);
        add_day_usage_.bind_next(kept.groups[i].repeat_busy);
        add_day_usage_.finish();
        add_total_.bind(of);
        bind_figures(add_total_, by_group[of]);
        add_total_.finish();
    }
    for (const auto& row : kept.swaps) {
        const auto of = batch.groups[row.group];
        add_day_swaps_.run(date, of, row.evicted_model, row.swaps);
        add_total_swaps_.run(of, row.evicted_model, row.swaps);
    }
    for (const auto& row : kept.departures) {
        add_leaving_.run(date, batch.groups[row.group], row.destination, row.calls,
                         row.request_bytes, row.refused);
    }
}

void store::write_rolled_day(const rollup& kept) {
    const id_range none;
    put_day_.run(kept.date.number(), kept.calls.lines, kept.calls.changed, none.min, none.max,
                 kept.unreadable_lines);
    statement add(owner_, "INSERT OR REPLACE INTO rolled VALUES(?,?)");
    add.run(kept.date.number(), kept.made);
}

result<void> store::forget_lines(const rollup& kept) {
    // The lines are deleted next: a power cut must not bring rows back that point to them, nor
    // take away what was made of them.
    owner_.execute("PRAGMA synchronous = FULL");
    transaction all(owner_);
    for (const auto* const table : {"blocks", "cold_starts", "swaps", "duplicates"}) {
        statement remove(owner_, std::string("DELETE FROM ") + table + " WHERE day=?");
        remove.run(kept.date.number());
    }
    write_rolled_day(kept);
    auto committed = all.commit();
    owner_.execute("PRAGMA synchronous = NORMAL");
    if (const auto failure = owner_.take_failure(); committed && failure) return failure;
    return committed;
}

}  // namespace tallyfs::ledger
