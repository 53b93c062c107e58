#include "postgres/look.hpp"
#include "postgres/sampler.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::postgres {

namespace {

/// Databases that are tried for the connection that stays, before "postgres".
constexpr std::size_t choices_max = 3;

/// A full snapshot reads whole catalogues: each statement may take longer than those of a look.
constexpr std::chrono::seconds snapshot_statement_max{20};

/// Whether it is about this database and not about the server: it does not exist, lets nobody in,
/// or not us. Any other refusal is not repeated with the next database: each counts as a failed
/// login.
bool is_about_database(const failure& why) {
    constexpr std::array<std::string_view, 3> states{"3D000", "55000", "42501"};
    return std::ranges::find(states, why.sqlstate) != states.end();
}

/// While it lives, others may hold the lock.
class unlocked {
  public:
    explicit unlocked(std::unique_lock<std::mutex>& lock) : lock_(lock) { lock_.unlock(); }
    ~unlocked() { lock_.lock(); }
    unlocked(const unlocked&) = delete;
    unlocked& operator=(const unlocked&) = delete;

  private:
    std::unique_lock<std::mutex>& lock_;
};

template <class Work>
auto without(std::unique_lock<std::mutex>& lock, Work work) {
    const unlocked others(lock);
    return work();
}

}  // namespace

void sampler::connect(guard& lock) {
    std::vector<health::registration> choices;
    for (auto& one : state_.registered()) {
        if (one.active && choices.size() < choices_max) choices.push_back(std::move(one));
    }
    kept_.reset();
    auto opened = without(lock, [&] { return open_any(std::move(choices)); });
    if (stopping_) return;
    if (!opened) return failed(lock, opened.error());
    kept_ = std::move(*opened);
    schedule_.connected(std::chrono::steady_clock::now());
}

outcome<std::unique_ptr<connection>> sampler::open_any(std::vector<health::registration> choices) {
    choices.push_back(choices.front());
    choices.back().database = "postgres";
    for (std::size_t i = 0;; ++i) {
        auto opened = open(choices[i], patience{}.statement);
        const bool last = i + 1 == choices.size();
        if (opened || last || !is_about_database(opened.error())) return opened;
    }
}

outcome<std::unique_ptr<connection>> sampler::open(const health::registration& where,
                                                   std::chrono::milliseconds statement_max) {
    const auto to = with_.endpoints(where, false);
    if (!to) return to.error();
    patience limits;
    limits.statement = statement_max;
    return connection::open(*to, limits, give_up_.get());
}

void sampler::sample(guard& lock) {
    const auto settings = settings_;
    auto seen = without(
        lock, [&] { return take_sample(*kept_, with_.clock.wall(), {settings->mask_queries}); });
    if (stopping_) return;
    if (!seen) return failed(lock, seen.error());
    schedule_.sampled(std::chrono::steady_clock::now());
    state_.sampled(std::move(*seen), with_.clock.wall(), *settings_);
    publish();
    const auto taken = state_.sample();
    const auto profile = std::exchange(waits_since_, {}).profile(std::chrono::steady_clock::now());
    if (!with_.sampled) return;
    without(lock, [&] { with_.sampled(id_, *taken, profile); });
}

void sampler::waits(guard& lock) {
    const auto active = without(lock, [&] { return look_at_waits(*kept_); });
    if (stopping_) return;
    const auto now = std::chrono::steady_clock::now();
    schedule_.looked_at_waits(now);
    if (!active) {
        // A look that only took too long is not worth a word: the next is a second away.
        if (active.error().connection_lost) failed(lock, active.error());
        return;
    }
    std::vector<health::waiting_session> sessions;
    for (const auto& one : *active) {
        sessions.push_back({one.database, one.wait_type, one.wait_event});
    }
    waits_.add(now, settings_->every.waits, sessions);
    waits_since_.add(now, settings_->every.waits, sessions);
}

void sampler::snapshot(guard& lock, const std::string& database) {
    const auto where = *state_.find(database);
    const auto settings = settings_;
    auto opened = without(lock, [&] { return open(where, snapshot_statement_max); });
    if (stopping_) return;
    outcome<health::snapshot> seen = failure{};
    if (opened) {
        full_ = std::move(*opened);
        seen = without(lock, [&] {
            return take_snapshot(*full_, with_.clock.wall(), {settings->mask_queries});
        });
        full_.reset();
    } else {
        seen = opened.error();
    }
    if (stopping_) return;
    const auto now = std::chrono::steady_clock::now();
    if (!seen) {
        schedule_.snapshot_failed(database, now);
        state_.snapshot_failed(database, seen.error().what, with_.clock.wall());
        publish();
        return answer(lock, database, seen.error().what);
    }
    schedule_.snapshot_taken(database, now);
    state_.complete(*seen);
    const auto before = state_.full(database);
    auto more = without(lock, [&] {
        if (with_.snapshot_taken) with_.snapshot_taken(where, *seen, before.get());
        using findings = std::vector<health::finding>;
        return with_.more_findings ? with_.more_findings(where, *seen) : findings();
    });
    if (stopping_) return;
    state_.snapshot_taken(database, std::move(*seen), std::move(more), with_.clock.wall(),
                          *settings_);
    publish();
    answer(lock, database, "");
}

void sampler::failed(guard& lock, const failure& why) {
    if (why.connection_lost || !kept_) kept_.reset();
    schedule_.failed(std::chrono::steady_clock::now(), !kept_);
    state_.failed(why.what, with_.clock.wall());
    publish();
    while (!waiters_.empty()) answer(lock, waiters_.begin()->first, why.what);
}

}  // namespace tallyfs::postgres
