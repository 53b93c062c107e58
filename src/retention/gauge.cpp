#include <tallyfs/base/log.hpp>
#include <tallyfs/retention/gauge.hpp>

#include <boost/json/parse.hpp>
#include <sys/stat.h>

#include <charconv>

namespace tallyfs::retention {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto interval_min = 60s;
constexpr int share_of_time = 20;
constexpr std::uint64_t stat_block_bytes = 512;  // stat(2), st_blocks
// A size that goes up and down a little is one warning.
constexpr std::uint64_t percent_eased = 75;

/// "10G", in the units in which sizes are shown: powers of 1,000.
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (text.empty()) return number;
    constexpr std::string_view units = "KMGT";
    const auto unit = units.find(text.front());
    if (text.size() != 1 || unit == std::string_view::npos) return std::nullopt;
    for (std::size_t i = 0; i <= unit; ++i) {
        if (__builtin_mul_overflow(number, std::uint64_t{1000}, &number)) return std::nullopt;
    }
    return number;
}

state::judged_value judge_bytes(std::string_view text) {
    std::string wanted(text);
    for (auto& c : wanted) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (wanted.size() > 1 && wanted.ends_with('B')) wanted.pop_back();
    constexpr std::uint64_t bytes_min = 1'000'000;
    const auto bytes = parse_bytes(wanted);
    if (bytes && (*bytes == 0 || *bytes >= bytes_min)) return {wanted, ""};
    return {"", "is neither 0 nor a size from 1M on, such as 500M, 20G or 2T"};
}

/// What a file takes on the disk; nothing where it is gone.
std::uint64_t bytes_of_file(const fs::path& path) {
    struct ::stat status {};
    if (::lstat(path.c_str(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_blocks) * stat_block_bytes;
}

/// All below a directory, which changes meanwhile.
std::uint64_t bytes_below(const fs::path& directory) {
    std::uint64_t bytes = 0;
    std::error_code failure;
    for (fs::recursive_directory_iterator entry(directory, failure);
         !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
        bytes += bytes_of_file(entry->path());
    }
    return bytes;
}

}  // namespace

state::setting_definition gauge::definition(std::function<void()> changed) {
    state::setting_definition limit;
    limit.name = "state_bytes_max";
    limit.meaning =
        "How big journal, ledger, the audit's index, captures and what is kept of databases may "
        "become together. From 80 % on status.txt says so; above it no captures are kept, but "
        "every call is served and recorded. 0 is no limit.";
    limit.allowed = "0, or a size from 1M on such as 500M, 20G or 2T (powers of 1,000)";
    limit.unit = "bytes";
    limit.default_value = "0";
    limit.needs_newline = true;
    limit.judge = judge_bytes;
    limit.apply = [this, changed = std::move(changed)](const std::string&,
                                                       const std::string* value) {
        {
            const std::lock_guard lock(mutex_);
            limit_bytes_ = parse_bytes(*value).value_or(0);
            if (last_) last_->limit_bytes = limit_bytes_;
        }
        changed();
    };
    return limit;
}

std::optional<reading> gauge::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

bool gauge::is_full() const {
    const std::lock_guard lock(mutex_);
    return last_ && last_->limit_bytes > 0 && last_->used_bytes() > last_->limit_bytes;
}

void gauge::replay(const record::action& past) {
    if (past.event == "state.eased") warned_percent_ = 0;
    if (past.event != "state.warned") return;
    error_code failure;
    const auto detail = boost::json::parse(past.detail, failure);
    const auto* const object = failure ? nullptr : detail.if_object();
    const auto* const percent = object != nullptr ? object->if_contains("percent") : nullptr;
    if (percent != nullptr && percent->is_int64()) {
        warned_percent_ = static_cast<int>(percent->get_int64());
    }
}

void gauge::look(const recorder& record) {
    const auto begun = clock_.steady();
    if (!last() || begun >= next_) {
        auto now = measure();
        const auto took = clock_.steady() - begun;
        next_ =
            clock_.steady() + std::max<steady_time::duration>(interval_min, took * share_of_time);
        const std::lock_guard lock(mutex_);
        now.limit_bytes = limit_bytes_;
        last_ = now;
    }
    warn(*last(), record);
}

reading gauge::measure() {
    reading now;
    now.journal_bytes = bytes_below(directory_ / "journal");
    for (const auto* const name :
         {"ledger.sqlite", "ledger.sqlite-wal", "audit.sqlite", "audit.sqlite-wal"}) {
        now.ledger_bytes += bytes_of_file(directory_ / name);
    }
    now.captures_bytes = bytes_of_captures();
    now.databases_bytes = bytes_below(directory_ / "health") + bytes_below(directory_ / "schemas");
    return now;
}

/// A directory's time is that of its last new or removed capture, and a capture never changes.
std::uint64_t gauge::bytes_of_captures() {
    std::uint64_t bytes = 0;
    std::map<std::string, measured_day> days;
    std::error_code failure;
    for (fs::directory_iterator day(directory_ / "captures", failure);
         !failure && day != fs::directory_iterator(); day.increment(failure)) {
        std::error_code gone;
        const auto name = day->path().filename().string();
        measured_day measured{fs::last_write_time(day->path(), gone), 0};
        const auto known = days_.find(name);
        const bool same = known != days_.end() && known->second.changed == measured.changed;
        measured.bytes = same ? known->second.bytes : bytes_below(day->path());
        bytes += measured.bytes;
        days[name] = measured;
    }
    days_ = std::move(days);
    return bytes;
}

void gauge::warn(const reading& now, const recorder& record) {
    const auto percent = now.percent();
    const int reached = percent >= 100 ? 100 : percent >= percent_warned ? percent_warned : 0;
    const auto detail = "{\"percent\":" + std::to_string(reached) +
                        ",\"used_bytes\":" + std::to_string(now.used_bytes()) +
                        ",\"limit_bytes\":" + std::to_string(now.limit_bytes) + "}";
    if (reached > warned_percent_) {
        spdlog::warn("the state directory has {} % of state_bytes_max", percent);
        if (record("state.warned", "state_bytes_max", detail)) warned_percent_ = reached;
    } else if (warned_percent_ > 0 && percent < percent_eased) {
        if (record("state.eased", "state_bytes_max", detail)) warned_percent_ = 0;
    }
}

}  // namespace tallyfs::retention
