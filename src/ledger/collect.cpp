#include "ledger/arithmetic.hpp"
#include "ledger/figures.hpp"
#include "ledger/standing.hpp"

#include <bit>
#include <cstring>

namespace tallyfs::ledger {

namespace {

void touch(stamp& of, wall_time time) {
    ++of.lines;
    of.changed = time;
}

bool lists(std::string_view comma_separated, std::string_view name) {
    while (!comma_separated.empty()) {
        const auto comma = comma_separated.find(',');
        if (comma_separated.substr(0, comma) == name) return true;
        if (comma == std::string_view::npos) break;
        comma_separated.remove_prefix(comma + 1);
    }
    return false;
}

class collector {
  public:
    collector(standing& now, const journal::batch& lines)
        : now_(now), at_{lines.segment, lines.offset} {
        batch_.names_before = now.names.count();
        const auto& open = now.open_block;
        const bool continues =
            open.segment == at_.segment && open.offset + open.bytes == at_.offset;
        if (continues && open.lines > 0 && open.lines < block_lines_max) {
            batch_.blocks.push_back(open);
        }
    }

    void add(std::string_view line) {
        const auto parsed = record::parse_call(line, call_);
        add_to_block(line.size(), parsed ? std::optional(call_.id) : std::nullopt);
        at_.offset += line.size();
        if (!parsed) {
            ++batch_.unreadable_lines;
            return;
        }
        const record::call& c = call_;
        const group_id of = now_.names.enter(c);
        if (of >= batch_groups_) grow_stamps();
        add_figures(c, of);
        append_prompt(batch_.prompt_log, c, of);
        touch(batch_.all, c.time);
        const auto& names = now_.names.names_of(of);
        touch(batch_.name_stamps[names.service], c.time);
        touch(batch_.name_stamps[names.model], c.time);
        add_load(c, of);
        if (const auto destination = record::destination(c); !destination.empty()) {
            batch_.leaving.push_back({of, std::string(destination), c.request_bytes,
                                      c.outcome == record::outcome::refused});
        }
    }

    [[nodiscard]] changes finish(std::string_view last_line) {
        batch_.end = at_;
        batch_.last_line = {last_line.size(), hash_of(last_line)};
        return std::move(batch_);
    }

  private:
    void grow_stamps() {
        batch_groups_ = now_.names.count().groups;
        batch_.name_stamps.resize(now_.names.count().names);
    }

    void add_figures(const record::call& c, group_id of) {
        const auto quarter =
            std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<900>>>(
                c.time - at_.segment.date.date())
                .count();
        add_call(batch_.quarters[{quarter, of}], c);
    }

    void add_to_block(std::size_t bytes, const std::optional<uuid>& id) {
        auto& blocks = batch_.blocks;
        if (blocks.empty() || blocks.back().lines >= block_lines_max) {
            block next;
            next.segment = at_.segment;
            next.offset = at_.offset;
            blocks.push_back(next);
        }
        auto& last = blocks.back();
        last.bytes += bytes;
        ++last.lines;
        if (!id) return;
        const id_range one{id_prefix(*id), id_prefix(*id)};
        last.ids.add(one);
        batch_.ids.add(one);
    }

    [[nodiscard]] std::optional<std::string> loaded_options(const std::string& model) const {
        if (const auto in_batch = batch_.loaded.find(model); in_batch != batch_.loaded.end()) {
            return in_batch->second;
        }
        const auto before = now_.loaded.find(model);
        return before == now_.loaded.end() ? std::nullopt : before->second;
    }

    /// What pushed what out, and with which options models are loaded since. Only lines tell:
    /// a model that Ollama dropped because nobody used it still counts as loaded here.
    void add_load(const record::call& c, group_id of) {
        const bool cold = c.cold_start.value_or(false);
        const bool evicts = c.evicted_model && !c.evicted_model->empty();
        const bool lifecycle = c.endpoint == "load" || c.endpoint == "unload";
        if (!cold && !evicts && !lifecycle) return;
        cold_start_row start{
            c.time, c.id, of, cold_wait(c), c.options.value_or(""), c.evicted_model.value_or("")};
        if (cold) batch_.cold_starts.push_back(start);
        const std::string model = c.model.value_or("");
        if (evicts) {
            batch_.swaps.push_back({start, start.evicted_model == model ? "options" : "model"});
            forget_evicted(start.evicted_model);
        } else if (const auto before = loaded_options(model);
                   cold && c.model && before && *before != start.options) {
            swap_row swapped{start, "options"};
            swapped.start.evicted_model = model;
            batch_.swaps.push_back(std::move(swapped));
        }
        if (!c.model) return;
        if (c.endpoint == "unload") {
            batch_.loaded[model] = std::nullopt;
        } else if (cold || (c.endpoint == "load" && c.outcome == record::outcome::ok)) {
            batch_.loaded[model] = start.options;
        }
    }

    void forget_evicted(std::string_view evicted) {
        const auto forget = [&](const loaded_models& models) {
            for (const auto& [model, options] : models) {
                if (options && lists(evicted, model)) evicted_.push_back(model);
            }
        };
        evicted_.clear();
        forget(now_.loaded);
        forget(batch_.loaded);
        for (const auto& model : evicted_) batch_.loaded[model] = std::nullopt;
    }

    standing& now_;
    record::call call_;  ///< kept for its memory: every line is read into it
    journal::position at_;
    changes batch_;
    std::size_t batch_groups_ = 0;  ///< for which there are stamps
    std::vector<std::string> evicted_;
};

}  // namespace

std::int64_t id_prefix(const uuid& id) noexcept {
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < sizeof(prefix); ++i) prefix = prefix << 8 | id.bytes[i];
    // Moves the order of unsigned numbers to signed ones, which are what SQLite has.
    return std::bit_cast<std::int64_t>(prefix ^ std::uint64_t{1} << 63);
}

changes collect(standing& now, const journal::batch& lines) {
    collector reading(now, lines);
    std::string_view rest = lines.text;
    std::string_view line;
    while (!rest.empty()) {
        line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        reading.add(line);
    }
    return reading.finish(line);
}

void merge(stamp& into, const stamp& added) {
    if (added.lines == 0) return;
    into.lines += added.lines;
    into.changed = added.changed;
}

bool closes_day(const standing& now, const changes& batch) noexcept {
    return batch.end.segment.date > now.checkpoint.segment.date;
}

void accept(standing& now, changes&& batch) {
    if (closes_day(now, batch)) {
        now.open_day.clear();
        now.prompts = {};
    }
    now.checkpoint = batch.end;
    now.last_line = batch.last_line;
    now.unreadable_lines += batch.unreadable_lines;
    merge(now.all, batch.all);
    if (batch.all.lines > 0 || batch.unreadable_lines > 0) {
        auto& today = now.days[batch.end.segment.date];
        merge(today.lines, batch.all);
        today.ids.add(batch.ids);
        today.unreadable += batch.unreadable_lines;
    }
    now.name_stamps.resize(now.names.count().names);
    for (std::size_t i = 0; i < batch.name_stamps.size(); ++i) {
        merge(now.name_stamps[i], batch.name_stamps[i]);
    }
    for (const auto& [key, figures] : batch.quarters) now.open_day[key.of] += figures;
    if (!now.prompts.enter(batch.prompt_log, now.names.count().groups)) {
        throw std::logic_error("a prompt log that was just written cannot be read");
    }
    for (auto& [model, options] : batch.loaded) {
        if (options) {
            now.loaded[model] = std::move(options);
        } else {
            now.loaded.erase(model);
        }
    }
    if (!batch.blocks.empty()) now.open_block = batch.blocks.back();
}

}  // namespace tallyfs::ledger
