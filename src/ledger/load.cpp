#include "ledger/figures.hpp"
#include "ledger/store.hpp"

namespace tallyfs::ledger {

namespace {

day day_of(std::int64_t number) {
    return day(std::chrono::sys_days(std::chrono::days(static_cast<int>(number))));
}

class loader {
  public:
    explicit loader(database& owner) : owner_(owner) {}

    result<standing> run() {
        read_checkpoint();
        read_names();
        read_days();
        read_open_day();
        read_loaded();
        read_open_block();
        if (owner_.good() && !consistent()) owner_.fail(SQLITE_CORRUPT);
        if (const auto failure = owner_.take_failure()) return failure;
        return std::move(now_);
    }

  private:
    void read_checkpoint() {
        statement read(owner_, "SELECT * FROM checkpoint");
        if (!read.step()) {
            owner_.fail(SQLITE_CORRUPT);
            return;
        }
        now_.checkpoint = {{day_of(read.integer(1)), read.integer_as<unsigned>(2)},
                           read.integer_as<std::uint64_t>(3)};
        now_.last_line = {read.integer_as<std::uint64_t>(4), read.integer_as<std::uint64_t>(5)};
        now_.all = {read.integer(6), read.time(7)};
        now_.unreadable_lines = read.integer(8);
    }

    void read_names() {
        statement names(owner_, "SELECT id, kind, name, lines, changed_us FROM names ORDER BY id");
        while (names.step()) {
            const auto kind = names.integer(1);
            if (names.integer_as<std::size_t>(0) != now_.names.count().names || kind < 0 ||
                kind > static_cast<int>(name_kind::endpoint)) {
                owner_.fail(SQLITE_CORRUPT);
                return;
            }
            now_.names.add_name(static_cast<name_kind>(kind), names.bytes(2));
            now_.name_stamps.push_back({names.integer(3), names.time(4)});
        }
        statement groups(owner_,
                         "SELECT id, service, task, model, endpoint FROM groups ORDER BY id");
        while (groups.step()) {
            const group_names ids{groups.integer_as<name_id>(1), groups.integer_as<name_id>(2),
                                  groups.integer_as<name_id>(3), groups.integer_as<name_id>(4)};
            if (groups.integer_as<std::size_t>(0) != now_.names.count().groups ||
                !now_.names.add_group(ids)) {
                owner_.fail(SQLITE_CORRUPT);
                return;
            }
        }
    }

    void read_days() {
        statement read(owner_,
                       "SELECT day, lines, changed_us, min_id, max_id, unreadable_lines FROM days");
        while (read.step()) {
            now_.days[day_of(read.integer(0))] = {{read.integer(1), read.time(2)},
                                                  {read.integer(3), read.integer(4)},
                                                  read.integer(5)};
        }
        statement rolled(owner_, "SELECT day, made_us FROM rolled");
        while (rolled.step()) now_.rolled[day_of(rolled.integer(0))] = rolled.time(1);
    }

    void read_open_day() {
        const auto groups = now_.names.count().groups;
        statement quarters(
            owner_, "SELECT group_id," + figure_columns() + " FROM quarter_usage WHERE day=?");
        quarters.bind(now_.checkpoint.segment.date.number());
        while (quarters.step()) {
            const auto of = quarters.integer_as<group_id>(0);
            if (of >= groups) {
                owner_.fail(SQLITE_CORRUPT);
                return;
            }
            now_.open_day[of] += read_figures(quarters, 1);
        }
        statement log(owner_, "SELECT entries FROM prompt_log ORDER BY seq");
        while (log.step()) {
            if (!now_.prompts.enter(log.bytes(0), groups)) owner_.fail(SQLITE_CORRUPT);
        }
    }

    void read_loaded() {
        statement read(owner_, "SELECT model, options FROM loaded");
        while (read.step()) now_.loaded[read.text(0)] = read.text(1);
    }

    void read_open_block() {
        statement read(owner_,
                       "SELECT * FROM blocks ORDER BY day DESC, part DESC, offset DESC "
                       "LIMIT 1");
        if (!read.step()) return;
        auto& open = now_.open_block;
        open.segment = {day_of(read.integer(0)), read.integer_as<unsigned>(1)};
        open.offset = read.integer_as<std::uint64_t>(2);
        open.bytes = read.integer_as<std::uint64_t>(3);
        open.lines = read.integer(4);
        open.ids = {read.integer(5), read.integer(6)};
    }

    /// Every page has a checksum, and yet pages of different times can be in one file, a WAL
    /// that belongs to another one, say. Every line is counted in several tables: they must agree.
    [[nodiscard]] bool consistent() {
        std::int64_t of_days = 0;
        for (const auto& [date, known] : now_.days) of_days += known.lines.lines;
        std::int64_t of_services = 0;
        std::int64_t of_models = 0;
        for (std::size_t id = 0; id < now_.name_stamps.size(); ++id) {
            const auto kind = now_.names.at(static_cast<name_id>(id)).kind;
            if (kind == name_kind::service) of_services += now_.name_stamps[id].lines;
            if (kind == name_kind::model) of_models += now_.name_stamps[id].lines;
        }
        std::int64_t of_groups = 0;
        for (const auto& [of, figures] : now_.open_day) of_groups += figures.calls;
        const auto open_day = now_.days.find(now_.checkpoint.segment.date);
        if (of_groups != (open_day == now_.days.end() ? 0 : open_day->second.lines.lines))
            return false;
        statement totals(owner_, "SELECT sum(calls) FROM total_usage");
        if (totals.step()) of_groups += totals.integer(0);
        const auto lines = now_.all.lines;
        return of_days == lines && of_services == lines && of_models == lines && of_groups == lines;
    }

    database& owner_;
    standing now_;
};

}  // namespace

result<standing> load(database& owner) {
    return loader(owner).run();
}

}  // namespace tallyfs::ledger
