#include "year/segments.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/segment.hpp>
#include <tallyfs/journal/state_directory.hpp>

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

namespace {

using namespace tallyfs;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t line_bytes_about = 1000;
constexpr std::uint64_t spare_bytes = 2'000'000'000;

struct settings {
    std::uint64_t calls = 10'000'000;
    unsigned days = 365;
    year::shape shape;
    std::string zone;
    std::string until;
    std::filesystem::path state;
    unsigned threads = 2;
    bool quiet = false;
};

/// Makes the days of a plan side by side.
class maker {
  public:
    maker(const settings& wanted, std::filesystem::path directory,
          std::vector<year::planned_day> missing)
        : wanted_(wanted), directory_(std::move(directory)), missing_(std::move(missing)) {}

    void run() {
        std::vector<std::jthread> workers;
        for (unsigned i = 0; i < wanted_.threads; ++i) {
            workers.emplace_back([this] { work(); });
        }
        show_progress();
        workers.clear();
        if (failure_) std::rethrow_exception(failure_);
    }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t calls() const { return made_; }

  private:
    void work() {
        try {
            for (std::size_t i = next_++; i < missing_.size(); i = next_++) {
                bytes_ += year::write_segment(directory_, wanted_.shape, missing_[i], made_);
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
            next_ = missing_.size();
        }
        const std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_all();
    }
    void show_progress() {
        using namespace std::chrono_literals;
        std::uint64_t all = 0;
        for (const auto& one : missing_) all += one.calls;
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, 1s, [this] { return ended_ == wanted_.threads; })) {
            if (!wanted_.quiet)
                std::cerr << "\r" << made_ << " of " << all << " calls" << std::flush;
        }
        if (!wanted_.quiet) std::cerr << "\r" << made_ << " of " << all << " calls\n";
    }

    const settings& wanted_;
    std::filesystem::path directory_;
    std::vector<year::planned_day> missing_;
    std::atomic<std::size_t> next_{0};
    std::atomic<std::uint64_t> made_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned ended_ = 0;
    std::exception_ptr failure_;
};

wall_time end_of_year(const settings& wanted) {
    if (wanted.until.empty()) return system_clock_source().wall();
    const auto until = parse_rfc3339(wanted.until);
    if (!until) throw startup_error("--until " + wanted.until + " is no RFC 3339 time", 2);
    return *until;
}

void require_space(const std::filesystem::path& directory, std::uint64_t calls) {
    const auto wanted = calls * line_bytes_about + spare_bytes;
    const auto free = std::filesystem::space(directory).available;
    if (free >= wanted) return;
    throw startup_error(directory.string() + " has " + std::to_string(free / 1'000'000) +
                        " MB free, and " + std::to_string(wanted / 1'000'000) + " are needed");
}

int make(const settings& wanted) {
    const journal::state_directory state(wanted.state);
    zone::use(state.day_zone(wanted.zone));
    const auto directory = state.path() / "journal" / "calls";
    std::filesystem::create_directories(directory);
    auto planned = year::plan(wanted.calls, wanted.days, end_of_year(wanted));
    const auto before = planned.size();
    std::erase_if(planned, [&](const auto& one) {
        return std::filesystem::exists(directory / journal::segment_id{one.date, 1}.file_name());
    });
    std::uint64_t calls = 0;
    for (const auto& one : planned) calls += one.calls;
    require_space(directory, calls);
    const auto kept = before - planned.size();
    const auto made = planned.size();
    const auto start = clock_type::now();
    maker work(wanted, directory, std::move(planned));
    if (made > 0) work.run();
    const auto seconds = std::chrono::duration<double>(clock_type::now() - start).count();
    std::cout << "made " << work.calls() << " calls in " << made << " days, "
              << work.bytes() / 1'000'000 << " MB, "
              << static_cast<std::uint64_t>(static_cast<double>(work.calls()) / seconds)
              << " a second; kept " << kept << " days\n";
    return 0;
}

}  // namespace

int main(int argument_count, char** arguments) {
    CLI::App app(
        "Makes a state directory with a year of calls, as if tallyfs had run. Days that "
        "are there already are kept: on a later day it adds what is missing.");
    settings wanted;
    app.add_option("STATE", wanted.state, "the state directory to make or complete")->required();
    app.add_option("--calls", wanted.calls, "calls in all days together");
    app.add_option("--days", wanted.days, "days, the last one is today")
        ->check(CLI::Range(1, 3660));
    app.add_option("--services", wanted.shape.services)->check(CLI::Range(1, 1000));
    app.add_option("--models", wanted.shape.models)->check(CLI::Range(1, 1000));
    app.add_option("--seed", wanted.shape.seed, "another seed, other calls");
    app.add_option("--zone", wanted.zone, "of its days; by default the host's");
    app.add_option("--until", wanted.until, "the last call's time, RFC 3339; by default now");
    app.add_option("--threads", wanted.threads)->check(CLI::Range(1, 64));
    app.add_flag("--quiet", wanted.quiet, "no progress");
    try {
        app.parse(argument_count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    ::umask(077);  // a state directory is its owner's
    try {
        return make(wanted);
    } catch (const startup_error& error) {
        std::cerr << "tallyfs-year: " << error.what() << '\n';
        return error.exit_code();
    } catch (const std::exception& error) {
        std::cerr << "tallyfs-year: " << error.what() << '\n';
        return 1;
    }
}
