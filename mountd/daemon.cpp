#include "mountd/daemon.hpp"

#include "mountd/deciding.hpp"
#include "mountd/identities.hpp"
#include "mountd/notify_configuration.hpp"
#include "mountd/stop_signals.hpp"
#include "mountd/sync_loop.hpp"

#include <tallyfs/admin/server.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/fuse/mount.hpp>
#include <tallyfs/journal/open_calls.hpp>
#include <tallyfs/journal/state_directory.hpp>
#include <tallyfs/ledger/ledger.hpp>
#include <tallyfs/views/view_worker.hpp>

#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <iostream>

namespace tallyfs::mountd {

namespace {

std::string address_text(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

/// Everything that lasts as long as the daemon, in the order in which it is made; it is taken
/// down in the reverse order, after stop().
class daemon {
  public:
    explicit daemon(const options& given);
    int run(const stop_signals& signals);

  private:
    void recover();
    [[nodiscard]] views::daemon_facts facts() const;
    [[nodiscard]] std::vector<views::supplied_directory> supplied();
    void stop();

    const options& given_;
    const clock_source& clock_ = system_clock_source();
    journal::state_directory state_;
    journal::stream calls_;
    journal::open_calls open_calls_;
    ledger::ledger ledger_;
    ledger::rollup_files rollups_;
    state::upstream_board upstream_;
    state::proxy_counters counters_;
    state::bounded_names services_;
    state::proxy_settings proxy_settings_;
    capture::recorder captures_;
    retention::sweeper sweeper_;
    retention::gauge gauge_;
    deciding deciding_;
    proxy::server proxy_;
    views::view_worker views_;
    state::answer_links answers_;
    notify::notifier notifier_;
    std::shared_ptr<const tree::directory> root_;
    identities identities_;
    admin::decisions office_;
    admin::intake logs_;
    admin::server admin_;
    std::unique_ptr<fuse::mount> mount_;
    std::atomic<fuse::mount*> mounted_{nullptr};  ///< for the view thread, which runs before it is
    sync_loop sync_;
    std::string rebuild_reason_;  ///< "" or why the ledger was begun anew
};

journal::state_directory open_state(const options& given) {
    journal::state_directory state(given.state);
    zone::use(state.day_zone(given.day_zone));
    return state;
}

/// The key of prompt hashes, and the listening sockets that systemd holds for us (sd_listen_fds):
/// in the order of the listeners, so that a new daemon can take over while the old one drains.
proxy::server_options completed(proxy::server_options options, const std::string& key) {
    options.prompt_hash_key = key;
    const int inherited = ::sd_listen_fds(1);
    for (int i = 0; i < inherited; ++i) {
        const auto index = static_cast<std::size_t>(i);
        if (index == options.listeners.size()) options.listeners.emplace_back();
        options.listeners[index].inherited_fd = SD_LISTEN_FDS_START + i;
    }
    return options;
}

admin::intake log_intake(trail::auditor& to) {
    return {[&to](std::string_view cluster, std::string_view secret) {
                return to.may_post(cluster, secret);
            },
            [&to](std::string_view cluster, std::string body,
                  const std::function<void(admin::intake_answer)>& answer) {
                to.post(cluster, std::move(body), [answer](trail::intake_answer made) {
                    answer({made.status, std::move(made.body), std::move(made.content_type)});
                });
            }};
}

daemon::daemon(const options& given)
    : given_(given),
      state_(open_state(given)),
      calls_(state_.path() / "journal" / "calls", clock_),
      open_calls_(state_.path() / "open-calls",
                  static_cast<std::uint32_t>(given.proxy.connections_max)),
      ledger_(state_.path() / "ledger.sqlite"),
      rollups_(state_.path() / "journal" / "rollups"),
      captures_(state_.path() / "captures", counters_, clock_),
      sweeper_(calls_, rollups_, clock_),
      gauge_(state_.path(), clock_),
      deciding_(given, state_.path(), clock_, proxy_settings_, open_calls_, captures_, sweeper_,
                gauge_),
      proxy_(
          completed(given.proxy, state_.prompt_hash_key()),
          {calls_, open_calls_, upstream_, counters_, services_, proxy_settings_, clock_,
           &deciding_.permissions(), &deciding_.budgets(), &deciding_.cancellations(), &captures_}),
      views_(calls_, rollups_, ledger_, open_calls_, upstream_, state_.path(), clock_),
      answers_(state_.answers_key()),
      notifier_(notify_parts(given, state_.path(), deciding_, clock_, answers_)),
      root_(tree::for_groups(
          views::make_root(
              {calls_, rollups_, ledger_, counters_, views_.live(), sweeper_, gauge_,
               deciding_.control(), deciding_.approvals(), deciding_.budgets(),
               deciding_.canceller(), deciding_.actions(), facts(), supplied(),
               [this](std::uint32_t number) { return deciding_.databases().effect_of(number); },
               [this] { return deciding_.databases().summary(); },
               [this] { return deciding_.audits().auditor().summary(); }}),
          given.groups)),
      identities_(given),
      office_{deciding_.approvals(),
              clock_,
              [this](std::string_view token) { return identities_.by_token(token); },
              [this](std::string_view name) { return identities_.by_sign_on(name); },
              given.sign_on_header,
              given.sign_on_addresses,
              given.sign_on_origin,
              &answers_},
      logs_(log_intake(deciding_.audits().auditor())),
      admin_(given.admin_host, given.admin_port, root_, views_, &office_, given.admin_people_only,
             &logs_),
      sync_(calls_) {
    recover();
    const auto logs_changed = [this] {
        if (auto* const mounted = mounted_.load()) mounted->logs_changed();
    };
    calls_.on_change([this, logs_changed] {
        views_.journal_changed();
        logs_changed();
    });
    proxy_settings_.upstream.on_change([this] { proxy_.look_at_upstream(); });
    const auto shown_changed = [this, logs_changed] {
        views_.state_changed();
        logs_changed();
    };
    deciding_.databases().on_change(shown_changed);
    deciding_.audits().auditor().on_change(shown_changed);
    deciding_.on_change([this, shown_changed] {
        notifier_.wake();
        shown_changed();
    });
}

void daemon::recover() {
    rebuild_reason_ = ledger_.was_reset();
    const auto reconciled = ledger_.reconcile(calls_.segments());
    if (reconciled && !reconciled->empty()) rebuild_reason_ = *reconciled;
    const auto agreed = reconcile(ledger_, rollups_, calls_);
    if (agreed && !agreed->empty()) rebuild_reason_ = *agreed;
    const bool has_calls = calls_.bytes_after({}) > 0 || !rollups_.days().empty();
    if (rebuild_reason_.empty() && ledger_.was_created() && has_calls) {
        rebuild_reason_ = "there was none";
    }
    if (const auto broken = ledger_.broken()) {
        // The proxy serves and the journal records without it; the view thread tries again.
        spdlog::error("cannot begin the ledger anew: {}", broken.message());
        if (rebuild_reason_.empty()) rebuild_reason_ = "it could not be opened";
    }
    if (!rebuild_reason_.empty()) {
        spdlog::warn("the ledger is rebuilt from the journal: {}", rebuild_reason_);
    }
    const auto interrupted = open_calls_.recover(calls_);
    if (!interrupted) {
        spdlog::error("calls that were open at the last stop could not be recorded: {}",
                      interrupted.error().message());
    } else if (*interrupted > 0) {
        spdlog::warn("{} calls were open when the daemon was killed: recorded as interrupted",
                     *interrupted);
    }
    for (const auto& name : ledger_.services()) services_.know(name);
    if (const auto chosen = proxy_settings_.upstream.current();
        chosen->text != given_.upstream.text) {
        spdlog::warn(
            "calls go to {}, as control/upstream says, and not to {}: echo default > "
            "control/upstream takes that back",
            chosen->text, given_.upstream.text);
    }
    deciding_.count_today(calls_);
}

views::daemon_facts daemon::facts() const {
    return {TALLYFS_VERSION,
            given_.proxy.node,
            address_text(given_.proxy.listeners.front().host, proxy_.ports().front()),
            address_text(given_.admin_host, given_.admin_port),
            state_.path(),
            clock_.wall()};
}

std::vector<views::supplied_directory> daemon::supplied() {
    const auto now = [this] { return views_.live().now; };
    return {{"audit", deciding_.audits().auditor().directory(now)},
            {"databases", deciding_.databases().directory(
                              now, [this] { return deciding_.control().other_operators(); })},
            {"notify", notify::make_directory(notifier_, now)}};
}

int daemon::run(const stop_signals& signals) {
    views_.start(rebuild_reason_);
    fuse::mount_options options;
    options.mountpoint = given_.mountpoint;
    options.allow_other = given_.allow_other;
    options.workers = given_.fuse_workers;
    options.passthrough = given_.fuse_passthrough;
    mount_ = std::make_unique<fuse::mount>(options, root_, views_);
    mounted_ = mount_.get();
    mount_->on_ended(stop_signals::unmounted);
    sync_.start();
    deciding_.start();
    notifier_.start();
    const auto record = [this](std::string event, std::string subject, std::string detail) {
        return deciding_.record(std::move(event), std::move(subject), std::move(detail));
    };
    const auto changed = [this] { views_.state_changed(); };
    captures_.start({[this] { return deciding_.permissions().current()->rules.patterns(); }, record,
                     changed, [this] { return !gauge_.is_full(); }});
    sweeper_.connect({[this](const auto& work) { return views_.with_ledger(work); }, record,
                      changed, [this, record] { gauge_.look(record); }});
    deciding_.databases().start();
    deciding_.audits().auditor().start();
    proxy_.start();
    admin_.start();
    sweeper_.start();
    const auto ready = fmt::format(
        "mount={} proxy={} admin={}", std::filesystem::absolute(given_.mountpoint).string(),
        address_text(given_.proxy.listeners.front().host, proxy_.ports().front()),
        address_text(given_.admin_host, admin_.port()));
    std::cout << "ready " << ready << std::endl;
    ::sd_notifyf(0, "READY=1\nSTATUS=%s", ready.c_str());

    const int signal = signals.wait();
    if (signal == SIGUSR1) spdlog::warn("{} was unmounted: stopping", given_.mountpoint.string());
    ::sd_notify(0, "STOPPING=1");
    stop();
    return 0;
}

void daemon::stop() {
    proxy_.stop();
    admin_.stop();
    captures_.stop();
    sweeper_.stop();
    deciding_.stop();
    notifier_.stop();
    sync_.stop();
    mount_->stop();
    views_.stop();
}

/// Each call takes two descriptors, its client's and Ollama's: the usual soft limit of 1,024
/// would end at 500 streams what connections_max allows.
void raise_descriptor_limit() {
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        spdlog::warn("the limit of open files stays as it is: {}", last_system_error().message());
    }
}

}  // namespace

int run_daemon(const options& given) {
    start_log(given.log_level);
    const stop_signals signals;
    raise_descriptor_limit();
    fuse::recover_stale_mount(given.mountpoint);
    return daemon(given).run(signals);
}

}  // namespace tallyfs::mountd
