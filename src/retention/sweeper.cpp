#include <tallyfs/base/log.hpp>
#include <tallyfs/retention/sweeper.hpp>

namespace tallyfs::retention {

namespace {

using namespace std::chrono_literals;

// Days turn at midnight; who changes the setting is served at once.
constexpr auto look_interval = 60s;

/// Yesterday stays in any case.
state::judged_value judge_days(std::string_view text) {
    const auto days = state::whole_number(0, 36'500)(text);
    if (days.reason.empty() && days.value != "1") return days;
    return {"", "is neither 0 nor a whole number from 2 to 36500"};
}

}  // namespace

std::vector<state::setting_definition> sweeper::definitions() {
    state::setting_definition calls;
    calls.name = "retention_calls_days";
    calls.meaning =
        "How long calls are kept: older days are deleted whole, which is recorded. Their sums stay "
        "in usage/. 0 keeps them for ever.";
    calls.allowed = "0, or 2 to 36500";
    calls.unit = "days";
    calls.default_value = "0";
    calls.needs_newline = true;
    calls.judge = judge_days;
    calls.apply = [this](const std::string&, const std::string* value) {
        {
            const std::lock_guard lock(mutex_);
            days_kept_ = std::stoi(*value);
        }
        look();
    };
    return {std::move(calls)};
}

void sweeper::start() {
    thread_ = std::thread([this] { run(); });
}

void sweeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void sweeper::look() {
    {
        const std::lock_guard lock(mutex_);
        look_ = true;
    }
    wake_.notify_one();
}

void sweeper::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, look_interval, [this] { return look_ || stopping_; });
            if (stopping_) return;
            look_ = false;
        }
        try {
            sweep();
            if (parts_.at_each_look) parts_.at_each_look();
            if (!std::exchange(verified_, true)) verify_rollups();
        } catch (const std::exception& error) {
            spdlog::error("calls could not be deleted: {}", error.what());
        }
    }
}

bool sweeper::goes_on() const {
    const std::lock_guard lock(mutex_);
    return !stopping_;
}

void sweeper::sweep() {
    std::string problem;
    for (const auto date : days_to_delete()) {
        if (!goes_on()) return;
        problem = delete_day(date);
        if (!problem.empty()) break;
    }
    if (problem.empty()) problem = forget_deleted();
    const std::lock_guard lock(mutex_);
    if (!problem.empty() && problem != problem_) spdlog::error("{}", problem);
    problem_ = std::move(problem);
}

std::string sweeper::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

/// A rollup that is damaged is found before it is needed, and while the ledger has its figures.
void sweeper::verify_rollups() {
    for (const auto date : rollups_.days()) {
        if (!goes_on()) return;
        static_cast<void>(rollups_.read(date));
    }
}

}  // namespace tallyfs::retention
