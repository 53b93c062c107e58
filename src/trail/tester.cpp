#include "trail/tester.hpp"

#include <tallyfs/base/log.hpp>

#include <utility>

namespace tallyfs::trail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t canaries_max = 12;
/// Alerts that could not be recorded: those of a day.
constexpr std::size_t owed_max = 300;
/// A log that is followed is read within a second of its writing, also on a busy machine.
constexpr auto local_wait = 30s;
/// A log service takes a minute or two.
constexpr auto remote_wait = 150s;
constexpr auto look_pause = 100ms;

}  // namespace

tester::tester(parts with) : parts_(std::move(with)) {}

tester::~tester() {
    stop();
}

void tester::start() {
    thread_ = std::thread([this] { run(); });
}

void tester::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        woken_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

/// False once it is to stop.
bool tester::wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !woken_.wait_for(lock, time, [this] { return stopping_; });
}

void tester::run() {
    // The log that is there already is read first: a canary behind it would wait for it.
    do {
        const auto status = parts_.read.status();
        if (status.caught_up || !status.facts.problem.empty()) break;
        if (parts_.read.what().log.empty()) break;
    } while (wait(look_pause));
    for (;;) {
        const auto began = parts_.clock.steady();
        try {
            test();
        } catch (const std::exception& error) {
            spdlog::error("{}: the self-test went wrong: {}", parts_.read.what().cluster,
                          error.what());
            // What an earlier one said is not known any more.
            const std::lock_guard lock(mutex_);
            report_ = nullptr;
        }
        const auto every = parts_.judging()->self_test_every;
        const auto took = parts_.clock.steady() - began;
        const auto left = std::max<steady_time::duration>(every - took, 1s);
        if (!wait(std::chrono::duration_cast<std::chrono::milliseconds>(left))) return;
    }
}

void tester::await(audit::canary& sent) {
    const auto limit = parts_.read.what().log.empty() ? remote_wait : local_wait;
    const auto until = parts_.clock.steady() + limit;
    do {
        sent.seen = parts_.read.has_seen(sent.mark);
    } while (!sent.seen && parts_.clock.steady() < until && wait(look_pause));
}

void tester::test() {
    audit::self_test_input seen;
    const auto& what = parts_.read.what();
    seen.cluster = what.cluster;
    const auto& probe = parts_.probe;
    auto looked = probe.look_at();
    seen.server = std::move(looked.facts);
    seen.server_problem = std::move(looked.problem);
    // After the look: once it is in the log, so is what sessions did before the look.
    if (auto sent = probe.send_canary()) {
        sent->sent = parts_.clock.wall();
        if (sent->answered) await(*sent);
        canaries_.push_back(std::move(*sent));
        if (canaries_.size() > canaries_max) canaries_.pop_front();
    }
    for (auto& one : canaries_) one.seen = one.seen || parts_.read.has_seen(one.mark);
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
    }
    seen.now = parts_.clock.wall();
    seen.server_before = before_;
    seen.canaries.assign(canaries_.begin(), canaries_.end());
    const auto status = parts_.read.status();
    seen.feed = status.facts;
    if (!seen.feed.may_be_late) seen.canary_patience = local_wait;
    const auto odd = parts_.read.take_oddities();
    seen.feed.gaps = odd.gaps;
    seen.feed.forged = odd.forged;
    seen.feed.unreadable = odd.unreadable;
    seen.feed.unreadable_pieces = status.unreadable - std::exchange(pieces_, status.unreadable);
    auto made = std::make_shared<audit::self_test_report>(audit::self_test(seen));
    auto setup = std::make_shared<audit::setup_input>();
    setup->cluster = what.cluster;
    setup->server = seen.server;
    setup->server_problem = seen.server_problem;
    setup->look_role = looked.role;
    if (seen.server) {
        for (const auto& role : seen.server->roles) {
            if (role.person) setup->people.push_back(role.name);
        }
        before_ = std::move(seen.server);
    }
    raise(*made);
    {
        const std::lock_guard lock(mutex_);
        report_ = std::move(made);
        setup_ = std::move(setup);
    }
    parts_.changed();
}

/// One alert a window in which it is blind.
void tester::raise(const audit::self_test_report& made) {
    if (made.verdict != audit::verdict::blind) return hand_over();
    audit::tally counted;
    counted.id = {audit::rule::blind, made.cluster, "", audit::window_of(made.at)};
    counted.events = 1;
    counted.believable = 1;
    counted.first_logged = made.at;
    counted.last_logged = made.at;
    for (const auto& one : made.findings) {
        if (one.verdict != audit::verdict::blind) continue;
        counted.text = one.what;
        break;
    }
    owed_.push_back(std::move(counted));
    hand_over();
}

void tester::hand_over() {
    if (owed_.empty()) return;
    if (parts_.report(owed_)) return owed_.clear();
    spdlog::error("{}: the audit is blind, and that cannot be recorded: {}",
                  parts_.read.what().cluster, owed_.back().text);
    if (owed_.size() > owed_max) owed_.erase(owed_.begin());
}

std::shared_ptr<const audit::self_test_report> tester::report() const {
    const std::lock_guard lock(mutex_);
    return report_;
}

std::shared_ptr<const audit::setup_input> tester::setup() const {
    const std::lock_guard lock(mutex_);
    return setup_;
}

}  // namespace tallyfs::trail
