#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/ledger/rollup_files.hpp>

#include <cerrno>
#include <fcntl.h>

namespace tallyfs::ledger {

namespace {

namespace fs = std::filesystem;
using boost::system::errc::make_error_code;

/// A day's rollup is shorter than its lines: more than anybody has of either.
constexpr std::size_t file_bytes_max = std::size_t{4} << 30;

journal::file_operations& system_operations() {
    static journal::file_operations instance;
    return instance;
}

/// Where lines behind the checkpoint begin.
std::optional<day> next_lines(const journal::stream& calls, const journal::position& at) {
    auto segment = calls.segment_from(at.segment);
    while (segment) {
        const auto read = segment->id == at.segment ? at.offset : 0;
        if (segment->bytes > read) return segment->id.date;
        segment = calls.segment_from({segment->id.date, segment->id.part + 1});
    }
    return std::nullopt;
}

}  // namespace

rollup_files::rollup_files(fs::path directory, journal::file_operations* operations)
    : directory_(std::move(directory)),
      operations_(operations != nullptr ? *operations : system_operations()) {
    std::error_code failure;
    for (fs::directory_iterator entry(directory_, failure);
         !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
        const auto id = journal::segment_id::parse(entry->path().filename().string());
        if (id && id->part == 1) days_[id->date];
    }
    if (failure && failure != std::errc::no_such_file_or_directory) {
        throw startup_error("cannot read the rollups in " + directory_.string() + ": " +
                            failure.message());
    }
}

std::vector<day> rollup_files::days() const {
    const std::lock_guard lock(mutex_);
    std::vector<day> list;
    for (const auto& [date, known] : days_) list.push_back(date);
    return list;
}

fs::path rollup_files::path_of(day date) const {
    return directory_ / journal::segment_id{date, 1}.file_name();
}

std::optional<day> rollup_files::first_from(const journal::position& at) const {
    const std::lock_guard lock(mutex_);
    for (auto each = days_.lower_bound(at.segment.date); each != days_.end(); ++each) {
        if (each->second.passed_over || journal::position{{each->first, 1}, 0} < at) continue;
        return each->first;
    }
    return std::nullopt;
}

result<rollup> rollup_files::read(day date) {
    const auto name = path_of(date).filename().string();
    std::error_code ignored;
    if (!fs::is_regular_file(path_of(date), ignored)) {  // whoever opens a FIFO waits
        note(date, name + " is no file");
        return make_error_code(boost::system::errc::no_such_file_or_directory);
    }
    const auto text = read_file(path_of(date), file_bytes_max);
    if (!text) {
        note(date, name + ": " + text.error().message());
        return text.error();
    }
    rollup kept;
    auto why = parse_rollup(*text, kept);
    if (why.empty() && kept.date != date) why = "line 1: of another day";
    if (!why.empty()) {
        note(date, name + " " + why);
        return make_error_code(boost::system::errc::bad_message);
    }
    const std::lock_guard lock(mutex_);
    days_[date] = {};
    return kept;
}

result<void> rollup_files::write(const rollup& kept) {
    auto text = to_lines(kept);
    if (!text) return text.error();
    // Names that a line cannot hold would come back as others.
    rollup said;
    if (!parse_rollup(*text, said).empty() || said != kept) {
        return make_error_code(boost::system::errc::bad_message);
    }
    if (auto written = put(kept.date, *text); !written) return written;
    const std::lock_guard lock(mutex_);
    days_[kept.date] = {};
    return {};
}

result<void> rollup_files::put(day date, const std::string& text) {
    std::error_code failure;
    if (fs::create_directories(directory_, failure)) {
        if (auto synced = sync_directory(directory_.parent_path()); !synced) return synced;
    }
    if (failure) return error_code(failure.value(), boost::system::generic_category());
    const auto path = path_of(date);
    const auto fresh = directory_ / ("." + path.filename().string() + ".new");
    const auto file = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    if (!file) return file.error();
    for (std::string_view rest = text; !rest.empty();) {
        const auto written = operations_.write(file->get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_system_error();
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (operations_.fdatasync(file->get()) != 0) return last_system_error();
    if (operations_.rename(fresh.c_str(), path.c_str()) != 0) return last_system_error();
    return sync_directory(directory_);
}

void rollup_files::note(day date, const std::string& what) {
    const std::lock_guard lock(mutex_);
    auto& known = days_[date].problem;
    if (known && known->what == what) return;
    spdlog::error("a rollup cannot be read: {}", what);
    known = problem{what, known && known->missing};
}

std::vector<rollup_files::problem> rollup_files::problems() const {
    const std::lock_guard lock(mutex_);
    std::vector<problem> list;
    for (const auto& [date, known] : days_) {
        if (known.problem) list.push_back(*known.problem);
    }
    return list;
}

void rollup_files::pass_over(day date, bool missing) {
    const std::lock_guard lock(mutex_);
    auto& known = days_[date];
    known.passed_over = true;
    if (!missing) return;
    if (!known.problem) known.problem = problem{path_of(date).filename().string(), false};
    known.problem->missing = true;
    spdlog::error("the figures of {} are missing: its calls are deleted, and {} cannot be read",
                  date.to_string(), path_of(date).string());
}

result<bool> apply_next_rollup(ledger& to, rollup_files& from, const journal::stream& calls) {
    while (const auto due = from.first_from(to.checkpoint())) {
        const auto lines = next_lines(calls, to.checkpoint());
        if (lines && *lines < *due) return false;
        if (const auto kept = from.read(*due)) {
            if (auto applied = to.apply(*kept); !applied)
                return {boost::system::in_place_error, applied.error()};
            return true;
        }
        from.pass_over(*due, lines != due);
    }
    return false;
}

result<std::string> reconcile(ledger& with, rollup_files& from, const journal::stream& calls) {
    const auto rolled = with.rolled_days();
    for (const auto date : from.days()) {
        if (journal::position{{date, 1}, 0} >= with.checkpoint()) break;
        if (std::ranges::binary_search(rolled, date) || with.stamp_of_day(date).lines > 0) continue;
        const auto segment = calls.segment_from({date, 1});
        if (segment && segment->id.date == date) continue;
        const auto kept = from.read(date);
        if (!kept) from.pass_over(date, true);
        if (!kept || kept->calls.lines == 0) continue;
        if (auto cleared = with.clear(); !cleared) return cleared.error();
        return "it does not have " + from.path_of(date).string();
    }
    return std::string();
}

}  // namespace tallyfs::ledger
