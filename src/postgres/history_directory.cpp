#include "postgres/history_place.hpp"

#include <tallyfs/postgres/history.hpp>
#include <tallyfs/tree/make.hpp>

#include <sys/stat.h>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

constexpr std::string_view readme = R"(# history
What happened in this database, a few files a day; days turn at midnight of the
daemon's zone, times in the files are UTC, units are in the column names.

    <day>.activity.csv  a line a minute in which something happened
    <day>.tables.csv    a line a table in which something changed that day
    <day>.queries.csv   the 50 statements that took most of the day's time

    duckdb -c "SELECT minute, rows_per_commit FROM '2026-11-20.activity.csv'"
    duckdb -c "SELECT \"table\", seen::date AS day, dead_rows_max
               FROM '*.tables.csv' ORDER BY 1, 2"

A minute without a line: nothing happened, if quiet_minutes_before of the next
line reaches back to it, and otherwise nobody looked. covered_seconds tells how
long the counters of a line counted. An empty field is not known. A day that is
over never changes. control/retention_health_days says how long days are kept.
Of one minute, with verdicts: cat ../diagnosis/2026-11-20T13:28.md
)";

/// The files of one database's history; on the view thread.
class history_directory final : public tree::directory {
  public:
    history_directory(std::shared_ptr<history_place> at, const clock_source& clock)
        : at_(std::move(at)), clock_(clock) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        auto files = history_files(at_->directory());
        for (const auto kind : history_kinds) {
            const history_file of_today{today(), kind};
            if (!std::ranges::binary_search(files, of_today)) {
                files.insert(std::ranges::upper_bound(files, of_today), of_today);
            }
        }
        for (const auto& file : files) {
            if (auto shown = node_of(file)) entries.push_back({file.name(), std::move(*shown)});
        }
        entries.push_back({"README.md", tree::readme_node(readme)});
        return entries;
    }

    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        if (name == "README.md") return tree::readme_node(readme);
        const auto file = history_file::parse(name);
        return file ? node_of(*file) : std::nullopt;
    }

  private:
    [[nodiscard]] day today() const {
        return std::max(zone::day_of(clock_.wall()), at_->open_day());
    }

    [[nodiscard]] std::optional<tree::node> node_of(const history_file& file) const {
        const auto path = at_->path(file);
        struct ::stat status {};
        if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
            if (file.date != today()) return std::nullopt;
            // Today's files are there from midnight on.
            return tree::text_node(0, zone::start_of(file.date),
                                   [file] { return std::string(file.header()); });
        }
        const auto bytes = static_cast<std::uint64_t>(status.st_size);
        const wall_time changed(std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::seconds(status.st_mtim.tv_sec) +
            std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
        if (at_->is_closed(file.date)) {
            return tree::node{tree::log_file{path, [bytes] { return bytes; }, true}, changed};
        }
        if (file.kind == history_kind::activity) {
            return tree::node{
                tree::log_file{
                    path, [at = at_, date = file.date] { return at->activity_bytes(date); }, false},
                changed};
        }
        // Replaced whole at each full snapshot.
        const auto version = tree::version_of(status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                                              status.st_size, status.st_ino);
        return tree::text_node(version, changed, [path] {
            auto text = read_history(path);
            return text ? std::move(*text) : std::string();
        });
    }

    const std::shared_ptr<history_place> at_;
    const clock_source& clock_;
};

}  // namespace

std::shared_ptr<const tree::directory> history::directory(const health::cluster_id& server,
                                                          const std::string& database) {
    return std::make_shared<history_directory>(place_of(server, database), clock_);
}

}  // namespace tallyfs::postgres
