#include "ledger/store.hpp"

#include "ledger/figures.hpp"

#include <set>

namespace tallyfs::ledger {

store::store(database& owner)
    : owner_(owner),
      put_name_(owner,
                "INSERT INTO names VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                "lines=excluded.lines, changed_us=excluded.changed_us"),
      add_group_(owner, "INSERT INTO groups VALUES(?,?,?,?,?)"),
      put_day_(owner, "INSERT OR REPLACE INTO days VALUES(?,?,?,?,?,?)"),
      add_quarter_(owner, "INSERT INTO quarter_usage VALUES(?,?,?," + figure_parameters() +
                              ") ON CONFLICT DO UPDATE SET " + figure_additions()),
      add_log_(owner, "INSERT INTO prompt_log(entries) VALUES(?)"),
      put_block_(owner, "INSERT OR REPLACE INTO blocks VALUES(?,?,?,?,?,?,?)"),
      add_cold_start_(owner,
                      "INSERT INTO cold_starts(day, time_us, id, group_id, waited_us, options, "
                      "evicted_model) VALUES(?,?,?,?,?,?,?)"),
      add_swap_(owner,
                "INSERT INTO swaps(day, time_us, id, group_id, waited_us, options, evicted_model, "
                "cause) VALUES(?,?,?,?,?,?,?,?)"),
      add_day_swaps_(owner,
                     "INSERT INTO day_swaps VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET "
                     "swaps=swaps+excluded.swaps"),
      add_total_swaps_(owner,
                       "INSERT INTO total_swaps VALUES(?,?,?) ON CONFLICT DO UPDATE SET "
                       "swaps=swaps+excluded.swaps"),
      add_leaving_(owner,
                   "INSERT INTO leaving VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                   "calls=calls+excluded.calls, request_bytes=request_bytes+excluded.request_bytes,"
                   "refused=refused+excluded.refused"),
      put_loaded_(owner, "INSERT OR REPLACE INTO loaded VALUES(?,?)"),
      remove_loaded_(owner, "DELETE FROM loaded WHERE model=?"),
      set_checkpoint_(owner, "INSERT OR REPLACE INTO checkpoint VALUES(1,?,?,?,?,?,?,?,?)"),
      add_day_usage_(owner, "INSERT INTO day_usage VALUES(?,?," + figure_parameters() + ",?,?,?)"),
      add_total_(owner, "INSERT INTO total_usage VALUES(?," + figure_parameters() +
                            ") ON CONFLICT DO UPDATE SET " + figure_additions()),
      add_duplicate_(owner, "INSERT INTO duplicates VALUES(?,?,?,?,?,?,?,?)"),
      clear_log_(owner, "DELETE FROM prompt_log") {}

result<void> store::write(const standing& now, const changes& batch) {
    transaction all(owner_);
    if (closes_day(now, batch)) close_day(now);
    write_names(now, batch);
    write_quarters(batch.end.segment.date, batch.quarters);
    if (!batch.prompt_log.empty()) add_log_.run(blob{batch.prompt_log});
    for (const auto& b : batch.blocks) {
        put_block_.run(b.segment.date.number(), b.segment.part, b.offset, b.bytes, b.lines,
                       b.ids.min, b.ids.max);
    }
    write_loads(batch);
    write_checkpoint(now, batch);
    return all.commit();
}

/// The open day's figures leave memory: its sums and its repeated prompts become rows, and of
/// prompts that came once nothing remains, so that the file does not grow with every prompt.
void store::close_day(const standing& now) {
    const auto date = now.checkpoint.segment.date.number();
    const std::map<group_id, sums> sorted(now.open_day.begin(), now.open_day.end());
    for (const auto& [of, figures] : sorted) {
        const auto counted = now.prompts.by_group().find(of);
        const auto prompts =
            counted == now.prompts.by_group().end() ? prompts_of_day::counts{} : counted->second;
        add_day_usage_.bind(date, of);
        bind_figures(add_day_usage_, figures);
        add_day_usage_.bind_next(prompts.calls);
        add_day_usage_.bind_next(prompts.repeats);
        add_day_usage_.bind_next(prompts.busy);
        add_day_usage_.finish();
        add_total_.bind(of);
        bind_figures(add_total_, figures);
        add_total_.finish();
    }
    for (const auto& row : now.prompts.repeats()) {
        add_duplicate_.bind(date, row.of);
        if (row.hash.digits) {
            add_duplicate_.bind_next(blob{row.hash.bytes});
        } else {
            add_duplicate_.bind_next(row.hash.bytes);
        }
        add_duplicate_.bind_next(row.calls);
        add_duplicate_.bind_next(row.busy);
        add_duplicate_.bind_next(row.tokens);
        add_duplicate_.bind_next(row.first);
        add_duplicate_.bind_next(row.last);
        add_duplicate_.finish();
    }
    clear_log_.run();
    write_closed_names(now);
}

/// What nobody could tell of the day any more once later ones have changed it: when each name was
/// seen last, and which models were loaded at its end.
void store::write_closed_names(const standing& now) {
    const auto date = now.checkpoint.segment.date.number();
    std::set<name_id> seen;
    for (const auto& [of, figures] : now.open_day) {
        seen.insert(now.names.names_of(of).service);
        seen.insert(now.names.names_of(of).model);
    }
    if (seen.empty()) return;
    statement add_name(owner_, "INSERT INTO day_names VALUES(?,?,?)");
    for (const auto id : seen) add_name.run(date, id, now.name_stamps[id].changed);
    statement add_loaded(owner_, "INSERT INTO day_loaded VALUES(?,?,?)");
    for (const auto& [model, options] : now.loaded) add_loaded.run(date, model, *options);
}

void store::write_names(const standing& now, const changes& batch) {
    const auto count = now.names.count();
    for (std::size_t id = 0; id < count.names; ++id) {
        const stamp added = id < batch.name_stamps.size() ? batch.name_stamps[id] : stamp{};
        if (added.lines == 0 && id < batch.names_before.names) continue;
        const stamp before = id < now.name_stamps.size() ? now.name_stamps[id] : stamp{};
        const auto& name = now.names.at(static_cast<name_id>(id));
        put_name_.run(id, static_cast<int>(name.kind), name.text, before.lines + added.lines,
                      added.changed);
    }
    for (std::size_t id = batch.names_before.groups; id < count.groups; ++id) {
        const auto& ids = now.names.names_of(static_cast<group_id>(id));
        add_group_.run(id, ids.service, ids.task, ids.model, ids.endpoint);
    }
}

void store::write_quarters(day of, const quarter_sums& quarters) {
    // In the order of the table: rows that lie together are written together.
    std::vector<std::pair<quarter_key, const sums*>> sorted;
    sorted.reserve(quarters.size());
    for (const auto& [key, figures] : quarters) sorted.emplace_back(key, &figures);
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [key, figures] : sorted) {
        add_quarter_.bind(of.number(), key.quarter, key.of);
        bind_figures(add_quarter_, *figures);
        add_quarter_.finish();
    }
}

void store::write_loads(const changes& batch) {
    const auto date = batch.end.segment.date.number();
    for (const auto& row : batch.cold_starts) {
        add_cold_start_.run(date, row.time, row.id, row.of, row.waited, row.options,
                            row.evicted_model);
    }
    for (const auto& row : batch.swaps) {
        const auto& start = row.start;
        add_swap_.run(date, start.time, start.id, start.of, start.waited, start.options,
                      start.evicted_model, row.cause);
        add_day_swaps_.run(date, start.of, start.evicted_model, 1);
        add_total_swaps_.run(start.of, start.evicted_model, 1);
    }
    for (const auto& row : batch.leaving) {
        // Of a refused call nothing was sent.
        add_leaving_.run(date, row.of, row.destination, row.refused ? 0 : 1,
                         row.refused ? 0 : row.request_bytes, row.refused ? 1 : 0);
    }
    for (const auto& [model, options] : batch.loaded) {
        if (options) {
            put_loaded_.run(model, *options);
        } else {
            remove_loaded_.run(model);
        }
    }
}

void store::write_checkpoint(const standing& now, const changes& batch) {
    const auto& end = batch.end;
    const auto date = end.segment.date;
    stamp all = now.all;
    merge(all, batch.all);
    if (batch.all.lines > 0 || batch.unreadable_lines > 0) {
        auto today = now.days.contains(date) ? now.days.at(date) : day_lines{};
        merge(today.lines, batch.all);
        today.ids.add(batch.ids);
        put_day_.run(date.number(), today.lines.lines, today.lines.changed, today.ids.min,
                     today.ids.max, today.unreadable + batch.unreadable_lines);
    }
    set_checkpoint_.run(date.number(), end.segment.part, end.offset, batch.last_line.bytes,
                        batch.last_line.hash, all.lines, all.changed,
                        now.unreadable_lines + batch.unreadable_lines);
}

}  // namespace tallyfs::ledger
