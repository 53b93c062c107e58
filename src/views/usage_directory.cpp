#include "views/budgets_text.hpp"
#include "views/directories.hpp"
#include "views/ledger_rows.hpp"
#include "views/periods.hpp"
#include "views/privacy_text.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/tree/make.hpp>

#include <spdlog/fmt/fmt.h>

#include <set>

namespace tallyfs::views {

namespace {

/// usage/day and usage/month: three files a period; a period is known by its first day.
class periods_directory final : public tree::directory {
  public:
    periods_directory(const sources& from, bool months) : from_(from), months_(months) {}

    [[nodiscard]] bool follows_journal() const override { return true; }
    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        for (const auto& first : periods()) {
            for (const auto extension : extensions) {
                entries.push_back(
                    {fmt::format("{}.{}", stem(first), extension), node_of(first, extension)});
            }
        }
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto parts = split_file_name(name);
        if (!parts) return std::nullopt;
        const auto first = day::parse(months_ ? parts->first + "-01" : parts->first);
        if (!first || !periods().contains(*first)) return std::nullopt;
        return node_of(*first, parts->second);
    }

  private:
    [[nodiscard]] std::string stem(day first) const {
        return months_ ? first.month() : first.to_string();
    }
    [[nodiscard]] std::set<day> periods() const {
        std::set<day> firsts;
        const auto add = [&](day date) { firsts.insert(months_ ? first_of_month(date) : date); };
        for (const auto& date : from_.ledger.days()) add(date);
        for (const auto& date : from_.ledger.rolled_days()) add(date);
        for (const auto& segment : from_.calls.segments()) add(segment.id.date);
        return firsts;
    }
    [[nodiscard]] tree::node node_of(day first, std::string_view extension) const {
        const auto stamp =
            months_ ? stamp_of_month(from_, first) : from_.ledger.stamp_of_day(first);
        const auto period =
            months_ ? month_period(from_, first, stamp) : day_period(from_, first, stamp);
        return period_node(from_, period, stamp, extension);
    }

    const sources& from_;
    bool months_;
};

/// usage/services/<service> or usage/models/<model>.
class name_directory final : public tree::directory {
  public:
    name_directory(const sources& from, bool models, std::string name)
        : from_(from), models_(models), name_(std::move(name)) {}

    [[nodiscard]] bool follows_journal() const override { return true; }
    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        for (const auto* name :
             {"days.csv", "tasks.csv", "this-month.csv", "this-month.json", "this-month.txt",
              "today.csv", "today.json", "today.txt", "total.csv", "total.json", "total.txt"}) {
            entries.push_back({name, *find(name)});
        }
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto stamp =
            models_ ? from_.ledger.stamp_of_model(name_) : from_.ledger.stamp_of_service(name_);
        if (name == "days.csv") return whole_node(stamp, days_csv);
        if (name == "tasks.csv") return whole_node(stamp, tasks_csv);
        const auto parts = split_file_name(name);
        if (!parts) return std::nullopt;
        const auto today = current_day(from_);
        usage_period period;
        if (parts->first == "today") {
            period = day_period(from_, today, stamp);
        } else if (parts->first == "this-month") {
            period = month_period(from_, first_of_month(today), stamp);
        } else if (parts->first == "total") {
            period = total_period(from_, stamp);
        } else {
            return std::nullopt;
        }
        narrow(period);
        return period_node(from_, period, stamp, parts->second);
    }

  private:
    void narrow(usage_period& period) const {
        (models_ ? period.query.model : period.query.service) = name_;
        constexpr std::size_t title_columns_max = 22;  // beside a day, its hours and its zone
        period.title =
            column(name_, std::min(ascii(name_).size(), title_columns_max)) + "  " + period.title;
        period.empty_hint = "No calls in this time; total.txt has all of them.\n";
        // The newest line may be older than the period.
        if (period.query.first && period.last_change < zone::start_of(*period.query.first)) {
            period.last_change = {};
        }
    }
    [[nodiscard]] tree::node whole_node(ledger::stamp stamp, decltype(&days_csv) render) const {
        ledger::usage_query query;
        (models_ ? query.model : query.service) = name_;
        return tree::text_node(
            tree::version_of(stamp.lines, stamp.changed.time_since_epoch().count()), stamp.changed,
            [&ledger = from_.ledger, query, render] { return render(ledger, query); });
    }

    const sources& from_;
    bool models_;
    std::string name_;
};

/// usage/services and usage/models.
class names_directory final : public tree::directory {
  public:
    names_directory(const sources& from, bool models) : from_(from), models_(models) {}

    [[nodiscard]] bool follows_journal() const override { return true; }
    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        for (const auto& name : names()) {
            if (!name.empty()) entries.push_back({encode_name(name), node_of(name)});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }
    /// The name as listed, or as the caller gave it.
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        for (const auto& known : names()) {
            if (!known.empty() && (known == name || encode_name(known) == name)) {
                return node_of(known);
            }
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] std::vector<std::string> names() const {
        return models_ ? from_.ledger.models() : from_.ledger.services();
    }
    [[nodiscard]] tree::node node_of(const std::string& name) const {
        const auto stamp =
            models_ ? from_.ledger.stamp_of_model(name) : from_.ledger.stamp_of_service(name);
        return tree::directory_node(std::make_shared<name_directory>(from_, models_, name),
                                    stamp.changed);
    }

    const sources& from_;
    bool models_;
};

/// usage/rollups.jsonl: the newest days, whole ones, as far as one file in memory may go.
tree::node rollups_node(const sources& from) {
    constexpr std::uint64_t bytes_max = std::uint64_t{32} << 20;
    const auto last = from.ledger.last_rolled();
    auto days = from.ledger.rolled_days();
    const auto version = tree::version_of(days.size(), last.time_since_epoch().count());
    const auto changed = days.empty() ? from.facts.started : last;
    return tree::text_node(version, changed, [&rollups = from.rollups, days = std::move(days)] {
        std::vector<std::string> newest_first;
        auto room = bytes_max;
        for (auto each = days.rbegin(); each != days.rend(); ++each) {
            auto lines = read_file(rollups.path_of(*each), room);
            if (!lines && lines.error() == boost::system::errc::message_size) break;
            if (!lines) continue;  // the status screen says so
            room -= lines->size();
            newest_first.push_back(std::move(*lines));
        }
        std::string text;
        for (auto each = newest_first.rbegin(); each != newest_first.rend(); ++each) text += *each;
        return text;
    });
}

/// usage itself: its files follow the journal too.
class usage_directory final : public tree::directory {
  public:
    explicit usage_directory(const sources& from) {
        const auto all = [&from] { return from.ledger.stamp_of_all(); };
        const auto whole = [&from, all](auto render) {
            return [&from, all, render] {
                // Rows that point to lines go with a day. Only the number of such days tells each
                // time: they were summed up before, by a clock that can step back.
                const auto stamp = all();
                return tree::text_node(
                    tree::version_of(stamp.lines, stamp.changed.time_since_epoch().count(),
                                     from.ledger.rolled_days().size()),
                    std::max(stamp.changed, from.ledger.last_rolled()),
                    [&from, render] { return render(from.ledger); });
            };
        };
        entries_.add("README.md", [] { return tree::readme_node(usage_readme); })
            .add("cold-starts.csv", whole(cold_starts_csv))
            .add("days.csv", whole([](const auto& from_) { return days_csv(from_, {}); }))
            .add("duplicates.csv", whole(duplicates_csv))
            .add("swaps.csv", whole(swaps_csv))
            .add("rollups.jsonl", [&from] { return rollups_node(from); })
            .add("privacy.txt",
                 [this, &from] {
                     const auto today = current_day(from);
                     const day first(today.date() - std::chrono::days(privacy_days - 1));
                     return privacy_.node(
                         privacy_text({rows_of(from.ledger.departures(first)),
                                       from.live.upstream->loads_past_proxy, today}),
                         from.live.now);
                 })
            .add("budgets.txt", [this, &from] {
                return budgets_.node(budgets_text(from.budgets.state()), from.live.now);
            });
        add_directory("day", std::make_shared<periods_directory>(from, false), all);
        add_directory("month", std::make_shared<periods_directory>(from, true), all);
        add_directory("services", std::make_shared<names_directory>(from, false), all);
        add_directory("models", std::make_shared<names_directory>(from, true), all);
        for (const auto extension : extensions) add_periods(from, extension);
    }

    [[nodiscard]] bool follows_journal() const override { return true; }
    [[nodiscard]] std::vector<tree::named_node> list() const override { return entries_.list(); }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        return entries_.find(name);
    }

  private:
    mutable tree::live_file budgets_;
    mutable tree::live_file privacy_;

    template <class Stamp>
    void add_directory(std::string name, std::shared_ptr<const tree::directory> below, Stamp all) {
        entries_.add(std::move(name),
                     [below, all] { return tree::directory_node(below, all().changed); });
    }
    void add_periods(const sources& from, std::string_view extension) {
        entries_
            .add(fmt::format("today.{}", extension),
                 [&from, extension] {
                     const auto today = current_day(from);
                     return tree::link_node(fmt::format("day/{}.{}", today.to_string(), extension),
                                            zone::start_of(today));
                 })
            .add(fmt::format("this-month.{}", extension),
                 [&from, extension] {
                     const auto first = first_of_month(current_day(from));
                     return tree::link_node(fmt::format("month/{}.{}", first.month(), extension),
                                            zone::start_of(first));
                 })
            .add(fmt::format("total.{}", extension), [&from, extension] {
                const auto stamp = from.ledger.stamp_of_all();
                return period_node(from, total_period(from, stamp), stamp, extension);
            });
    }

    tree::fixed_directory entries_;
};

}  // namespace

std::shared_ptr<const tree::directory> make_usage_directory(const sources& from) {
    return std::make_shared<usage_directory>(from);
}

}  // namespace tallyfs::views
