#include "ledger/figures.hpp"
#include "ledger/queries.hpp"

#include <algorithm>
#include <numeric>

namespace tallyfs::ledger {

namespace {

/// Days as numbers, both inclusive.
struct day_range {
    std::int64_t first = std::numeric_limits<std::int64_t>::min();
    std::int64_t last = std::numeric_limits<std::int64_t>::max();
    [[nodiscard]] bool holds(day date) const {
        return first <= date.number() && date.number() <= last;
    }
};

struct row_key {
    std::int64_t day = 0;
    std::int64_t quarter = 0;
    group_id of = 0;
};

class usage_reader {
  public:
    usage_reader(database& owner, const standing& now, const usage_query& query)
        : owner_(owner), now_(now), query_(query) {
        if (query.first) range_.first = query.first->number();
        if (query.last) range_.last = query.last->number();
    }

    result<void> run(const std::function<void(const usage_row&)>& show) {
        if (!choose_groups()) return {};
        if (query_.by == resolution::quarter_hours) {
            read_quarters();
        } else {
            read_closed_days();
            if (range_.holds(now_.checkpoint.segment.date)) add_open_day();
        }
        if (const auto failure = owner_.take_failure()) return failure;
        show_sorted(show);
        return {};
    }

  private:
    /// Fills chosen_ if the query asks for some groups only. False if there can be no row.
    bool choose_groups() {
        if (!query_.service && !query_.model) return true;
        filtered_ = true;
        std::optional<name_id> service;
        std::optional<name_id> model;
        if (query_.service) {
            service = now_.names.find(name_kind::service, *query_.service);
            if (!service) return false;
        }
        if (query_.model) {
            model = now_.names.find(name_kind::model, *query_.model);
            if (!model) return false;
        }
        chosen_.resize(now_.names.count().groups);
        for (group_id of = 0; of < chosen_.size(); ++of) {
            const auto& ids = now_.names.names_of(of);
            chosen_[of] = (!service || ids.service == *service) && (!model || ids.model == *model);
        }
        return true;
    }

    [[nodiscard]] bool wanted(group_id of) const { return !filtered_ || chosen_[of]; }

    /// A row of the file; a group it cannot have means damage.
    bool take(row_key key, const sums& figures) {
        if (key.of >= now_.names.count().groups) {
            owner_.fail(SQLITE_CORRUPT);
            return false;
        }
        if (!wanted(key.of)) return true;
        if (query_.by == resolution::whole) {
            whole_[key.of] += figures;
        } else {
            rows_.emplace_back(key, figures);
        }
        return true;
    }

    void read_quarters() {
        statement read(owner_, "SELECT day, quarter, group_id," + figure_columns() +
                                   " FROM quarter_usage WHERE day BETWEEN ? AND ?");
        read.bind(range_.first, range_.last);
        while (read.step()) {
            const auto of = read.integer_as<group_id>(2);
            if (of < chosen_.size() && !chosen_[of]) continue;
            if (!take({read.integer(0), read.integer(1), of}, read_figures(read, 3))) return;
        }
    }

    void read_closed_days() {
        const auto open = now_.checkpoint.segment.date;
        const bool from_the_first =
            now_.days.empty() || range_.first <= now_.days.begin()->first.number();
        if (query_.by == resolution::whole && from_the_first && range_.last >= open.number() - 1) {
            read_totals();
            return;
        }
        const std::string select = "SELECT day, group_id," + figure_columns() + " FROM day_usage ";
        if (!filtered_) {
            statement read(owner_, select + "WHERE day BETWEEN ? AND ?");
            read.bind(range_.first, range_.last);
            take_days(read);
            return;
        }
        // A service has few groups: by the index of each, instead of all rows of all days.
        statement read(owner_, select +
                                   "INDEXED BY day_usage_by_group "
                                   "WHERE group_id=? AND day BETWEEN ? AND ?");
        for (group_id of = 0; of < chosen_.size(); ++of) {
            if (!chosen_[of]) continue;
            read.bind(of, range_.first, range_.last);
            take_days(read);
        }
    }

    void take_days(statement& read) {
        while (read.step()) {
            const row_key key{read.integer(0), 0, read.integer_as<group_id>(1)};
            if (!take(key, read_figures(read, 2))) return;
        }
    }

    void read_totals() {
        statement read(owner_, "SELECT group_id," + figure_columns() + " FROM total_usage");
        while (read.step()) {
            if (!take({0, 0, read.integer_as<group_id>(0)}, read_figures(read, 1))) return;
        }
    }

    void add_open_day() {
        for (const auto& [of, figures] : now_.open_day) {
            take({now_.checkpoint.segment.date.number(), 0, of}, figures);
        }
    }

    void show_sorted(const std::function<void(const usage_row&)>& show) {
        for (const auto& [of, figures] : whole_) rows_.emplace_back(row_key{0, 0, of}, figures);
        const auto ranks = now_.names.ranks();
        // Their order is sorted, not the rows: a row of figures is 200 bytes long.
        std::vector<std::uint32_t> order(rows_.size());
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
            const auto place = [&](const row_key& key) {
                return std::tuple(key.day, key.quarter, ranks[key.of]);
            };
            return place(rows_[left].first) < place(rows_[right].first);
        });
        usage_row row;
        for (const auto index : order) {
            const auto& [key, figures] = rows_[index];
            now_.names.assign_group(row.group, key.of);
            row.sums = figures;
            if (query_.by != resolution::whole) {
                row.date = day(std::chrono::sys_days(std::chrono::days(static_cast<int>(key.day))));
                row.from = start_of(row.date, key.quarter);
            }
            show(row);
        }
    }

    /// Quarters are counted from midnight UTC; a day begins when it does in the zone of days.
    [[nodiscard]] wall_time start_of(day date, std::int64_t quarter) {
        if (query_.by == resolution::quarter_hours) return date.date() + quarter * quarter_hour;
        if (day_begun_.first != date || day_begun_.second == wall_time{}) {
            day_begun_ = {date, zone::start_of(date)};
        }
        return day_begun_.second;
    }

    database& owner_;
    const standing& now_;
    const usage_query& query_;
    std::pair<day, wall_time> day_begun_;  ///< the last answer: rows come by day
    day_range range_;
    bool filtered_ = false;
    std::vector<bool> chosen_;  ///< by group; empty unless filtered_
    std::unordered_map<group_id, sums> whole_;
    std::vector<std::pair<row_key, sums>> rows_;
};

}  // namespace

result<void> read_usage(database& owner, const standing& now, const usage_query& query,
                        const std::function<void(const usage_row&)>& show) {
    return usage_reader(owner, now, query).run(show);
}

}  // namespace tallyfs::ledger
