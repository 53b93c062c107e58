#include "ledger/figures.hpp"
#include "ledger/queries.hpp"

namespace tallyfs::ledger {

namespace {

class rollup_query {
  public:
    rollup_query(database& owner, const standing& now, day date) : owner_(owner), now_(now) {
        kept_.date = date;
        if (const auto known = now.days.find(date); known != now.days.end()) {
            kept_.calls = known->second.lines;
            kept_.unreadable_lines = known->second.unreadable;
        }
    }

    result<rollup> run() {
        read_groups();
        read_quarters();
        read_names();
        read_leaving();
        if (const auto failure = owner_.take_failure()) return failure;
        return std::move(kept_);
    }

  private:
    void read_groups() {
        statement read(owner_,
                       "SELECT group_id, prompts, repeats, repeat_busy_us FROM day_usage "
                       "WHERE day=? ORDER BY group_id");
        read.bind(kept_.date.number());
        while (read.step()) {
            const auto of = read.integer_as<group_id>(0);
            if (of >= now_.names.count().groups) return owner_.fail(SQLITE_CORRUPT);
            places_.emplace(of, kept_.groups.size());
            kept_.groups.push_back(
                {now_.names.group_of(of), read.integer(1), read.integer(2), read.duration(3)});
        }
    }

    void read_quarters() {
        std::int64_t calls = 0;
        statement read(owner_, "SELECT quarter, group_id," + figure_columns() +
                                   " FROM quarter_usage WHERE day=? ORDER BY quarter, group_id");
        read.bind(kept_.date.number());
        while (read.step()) {
            kept_.quarters.push_back({read.integer(0), place(read, 1), read_figures(read, 2)});
            calls += kept_.quarters.back().sums.calls;
        }
        // What is kept has to be all of it.
        if (owner_.good() && calls != kept_.calls.lines) owner_.fail(SQLITE_CORRUPT);
    }

    void read_names() {
        statement names(owner_,
                        "SELECT name_id, changed_us FROM day_names WHERE day=? ORDER BY name_id");
        names.bind(kept_.date.number());
        while (names.step()) {
            const auto id = names.integer_as<name_id>(0);
            if (id >= now_.names.count().names) return owner_.fail(SQLITE_CORRUPT);
            const auto& name = now_.names.at(id);
            kept_.names.push_back({name.kind == name_kind::model, name.text, names.time(1)});
        }
        statement loaded(owner_, "SELECT model, options FROM day_loaded WHERE day=?");
        loaded.bind(kept_.date.number());
        while (loaded.step()) kept_.loaded[loaded.text(0)] = loaded.text(1);
    }

    void read_leaving() {
        statement swaps(owner_,
                        "SELECT group_id, evicted_model, swaps FROM day_swaps WHERE day=? "
                        "ORDER BY group_id, evicted_model");
        swaps.bind(kept_.date.number());
        while (swaps.step()) {
            kept_.swaps.push_back({place(swaps, 0), swaps.text(1), swaps.integer(2)});
        }
        statement leaving(owner_,
                          "SELECT group_id, destination, calls, request_bytes, refused "
                          "FROM leaving WHERE day=? ORDER BY group_id, destination");
        leaving.bind(kept_.date.number());
        while (leaving.step()) {
            kept_.departures.push_back({place(leaving, 0), leaving.text(1), leaving.integer(2),
                                        leaving.integer(3), leaving.integer(4)});
        }
    }

    /// The place of a row's group; one that the day does not have means damage.
    std::size_t place(const statement& read, int column) {
        const auto known = places_.find(read.integer_as<group_id>(column));
        if (known != places_.end()) return known->second;
        owner_.fail(SQLITE_CORRUPT);
        return 0;
    }

    database& owner_;
    const standing& now_;
    rollup kept_;
    std::map<group_id, std::size_t> places_;
};

}  // namespace

result<rollup> read_rollup(database& owner, const standing& now, day date) {
    return rollup_query(owner, now, date).run();
}

}  // namespace tallyfs::ledger
