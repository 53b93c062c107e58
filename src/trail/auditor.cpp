#include "trail/auditor_state.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/log.hpp>

#include <nlohmann/json.hpp>

namespace tallyfs::trail {

using namespace std::chrono_literals;

namespace {

judging as_configured(const auditor::parts& parts) {
    judging made;
    made.accounts = parts.accounts;
    for (const auto rule : audit::all_rules()) {
        made.pages[static_cast<std::size_t>(rule)] = audit::default_paging(rule);
    }
    return made;
}

/// "prod/orders-cl" as a file name.
std::string checkpoint_name(const std::string& cluster) {
    auto name = cluster;
    std::ranges::replace(name, '/', '.');
    return name + ".json";
}

}  // namespace

auditor_state::auditor_state(auditor::parts with)
    : parts(std::move(with)),
      alerts({parts.actions, parts.desk, parts.errors, parts.clock, [this] { return current(); },
              parts.auditor_of, [this] { changed(); }}),
      expected({parts.actions, parts.desk, parts.errors, parts.clock,
                parts.given.expected_needs_approval, parts.auditor_of, [this] { changed(); }}),
      store(parts.state_directory, parts.clock, parts.bases),
      days(store.lines(), store.index()),
      judged_by(std::make_shared<judging>(as_configured(parts))) {
    days.connect({parts.record, [this] {
                      store.note_deletion();
                      changed();
                  }});
    make_servers();
}

auditor_state::~auditor_state() {
    stop();
}

shared_judging auditor_state::current() const {
    const std::lock_guard lock(mutex);
    return judged_by;
}

void auditor_state::change(const std::function<void(judging&)>& edit) {
    auto next = std::make_shared<judging>(*current());
    edit(*next);
    const std::lock_guard lock(mutex);
    judged_by = std::move(next);
}

bool auditor_state::is_stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
}

void auditor_state::make_servers() {
    const auto directory = parts.state_directory / "audit";
    std::filesystem::create_directories(directory);
    const auto report = [this](const std::vector<audit::tally>& counted) {
        return alerts.report(counted);
    };
    const auto told = [this] { changed(); };
    for (const auto& what : parts.given.servers) {
        watched one;
        one.feed = std::make_unique<feed>(feed::parts{
            what, parts.node, parts.clock, store, directory / checkpoint_name(what.cluster),
            [this] { return current(); }, [this] { return expected.list(); }, report, told});
        one.tester = std::make_unique<tester>(
            tester::parts{*one.feed, parts.clock, parts.probe_of(what.cluster),
                          [this] { return current(); }, report, told});
        servers.push_back(std::move(one));
    }
}

void auditor_state::start() {
    for (const auto& one : servers) one.feed->start();
    for (const auto& one : servers) one.tester->start();
    thread = std::thread([this] { run(); });
}

void auditor_state::run() {
    auto next_look = parts.clock.steady() + 1min;
    for (;;) {
        store.tick([this] { return is_stopping(); });
        if (parts.clock.steady() >= next_look) {
            next_look = parts.clock.steady() + 1min;
            days.look(parts.clock.wall());
        }
        std::unique_lock lock(mutex);
        if (woken.wait_for(lock, 1s, [this] { return stopping; })) return;
    }
}

void auditor_state::stop() {
    {
        const std::lock_guard lock(mutex);
        stopping = true;
        woken.notify_all();
    }
    for (const auto& one : servers) one.tester->stop();
    for (const auto& one : servers) one.feed->stop();
    if (thread.joinable()) thread.join();
    if (const auto synced = store.sync(); !synced) {
        spdlog::error("the audit's last events may not survive a power cut: {}",
                      synced.error().message());
    }
}

feed* auditor_state::find_feed(std::string_view cluster) {
    feed* found = nullptr;
    for (const auto& one : servers) {
        const std::string_view name = one.feed->what().cluster;
        if (name == cluster) return one.feed.get();
        if (!name.ends_with(cluster) ||
            !name.substr(0, name.size() - cluster.size()).ends_with('/'))
            continue;
        if (found != nullptr) return nullptr;  // of several environments
        found = one.feed.get();
    }
    return found;
}

std::vector<audit::self_test_report> auditor_state::reports() const {
    std::vector<audit::self_test_report> all;
    for (const auto& one : servers) {
        if (const auto made = one.tester->report()) {
            all.push_back(*made);
            continue;
        }
        audit::self_test_report none;
        none.cluster = one.feed->what().cluster;
        all.push_back(std::move(none));
    }
    return all;
}

auditor::auditor(parts with) : state_(std::make_unique<auditor_state>(std::move(with))) {}

auditor::~auditor() = default;

bool auditor::is_configured() const noexcept {
    return !state_->parts.given.servers.empty();
}

std::vector<state::approval_kind> auditor::kinds() {
    return {state_->expected.kind()};
}

void auditor::replay(const record::action& past) {
    state_->alerts.replay(past);
    state_->expected.replay(past);
}

void auditor::on_change(std::function<void()> changed) {
    state_->changed = changed;
    state_->store.lines().on_change(std::move(changed));
}

void auditor::start() {
    state_->start();
}

void auditor::stop() {
    state_->stop();
}

void auditor::expect_own(audit::expected_work work) {
    static_cast<void>(state_->expected.announce_own(std::move(work)));
}

journal::chain_head auditor::head() const {
    return state_->store.head();
}

bool auditor::may_post(std::string_view cluster, std::string_view secret) const {
    const auto* const found = state_->find_feed(cluster);
    return found != nullptr && !found->what().post_token.empty() &&
           equal_secrets(found->what().post_token, secret);
}

void auditor::post(std::string_view cluster, std::string body,
                   std::function<void(intake_answer)> answer) {
    auto* const found = state_->find_feed(cluster);
    if (found == nullptr) return answer({404, "No such server.\n", "text/plain; charset=utf-8"});
    found->post(std::move(body), [answer,
                                  &clock = state_->parts.clock](const post_outcome& outcome) {
        nlohmann::ordered_json made = nlohmann::ordered_json::object();
        if (!outcome.request_id.empty()) made["requestId"] = outcome.request_id;
        made["timestamp"] =
            std::chrono::floor<std::chrono::milliseconds>(clock.wall()).time_since_epoch().count();
        if (!outcome.problem.empty()) made["errorMessage"] = outcome.problem;
        answer({outcome.status,
                made.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"});
    });
}

audit::summary auditor::summary() const {
    const auto& i = *state_;
    audit::summary made;
    made.servers = i.servers.size();
    for (const auto& one : i.reports()) {
        if (one.verdict == audit::verdict::blind) ++made.blind;
        if (one.verdict == audit::verdict::weak) ++made.weak;
        if (one.verdict == audit::verdict::unknown) ++made.unknown;
        if (one.verdict == audit::verdict::blind && made.worst.empty() && !one.findings.empty()) {
            made.worst = one.cluster + ": " + one.findings.front().what;
        }
    }
    const auto counted = i.alerts.count();
    made.alerts = counted.open;
    if (made.worst.empty() && counted.open > 0) made.worst = "alerts/open/" + counted.newest;
    for (const auto& one : i.servers) {
        made.not_recorded = made.not_recorded || one.feed->not_recorded();
    }
    made.events = i.store.head().lines;
    made.chain_intact = i.store.found().intact();
    return made;
}

}  // namespace tallyfs::trail
