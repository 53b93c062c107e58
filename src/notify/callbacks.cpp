#include "notify/callbacks.hpp"

#include "notify/exchange.hpp"
#include "notify/retry.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/notify/callback.hpp>

#include <algorithm>

namespace tallyfs::notify {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Attempts at once. One address has one of them, a host at most half: who answers slowly
/// leaves room for the others.
constexpr std::size_t senders_max = 8;
constexpr std::size_t senders_each_host_max = 4;
constexpr std::size_t owed_max = 1000;
constexpr std::size_t owed_bytes_max = 64 * 1024;
constexpr auto give_up_after = 24h;
// A line is in the journal a moment before its request shows what it says.
constexpr auto apply_max = 10s;
constexpr auto look_interval = 50ms;
constexpr auto write_pause = 1s;

/// Before anything looks for a place or writes one.
std::filesystem::path made(std::filesystem::path directory) {
    std::error_code failure;
    std::filesystem::create_directories(directory, failure);
    if (failure) {
        throw startup_error("cannot make " + directory.string() + ": " + failure.message());
    }
    return directory;
}

/// Beside those that are on their way already. An address that does not answer keeps one thread.
template <class Owed>
bool may_go(const Owed& one, const std::vector<const Owed*>& busy) {
    std::size_t same_host = 0;
    for (const auto* other : busy) {
        if (other->to == one.to) return false;
        if (other->to.host == one.to.host && other->to.port == one.to.port) ++same_host;
    }
    return same_host < senders_each_host_max;
}

}  // namespace

callbacks::callbacks(const notifier::parts& shared)
    : shared_(shared),
      directory_(made(shared.directory / "callbacks")),
      actions_(shared, "callbacks", directory_ / "place") {
    status_.name = "callbacks";
    status_.format = "json";
    read_owed();
}

std::filesystem::path callbacks::file_of(std::uint32_t request) const {
    return directory_ / (approval::number_text(request) + ".json");
}

void callbacks::read_owed() {
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, failure)) {
        if (entry.path().extension() != ".json") continue;
        const auto text = read_file(entry.path(), owed_bytes_max);
        auto what = text ? parse_owed_callback(*text) : std::nullopt;
        if (!what || entry.path() != file_of(what->request)) {
            spdlog::error("callbacks: {} cannot be read, and nobody is told what it says",
                          entry.path().string());
            continue;
        }
        const auto number = what->request;
        if (const auto why = add(std::move(*what)); !why.empty()) give_up(number, why);
    }
    if (failure) {
        throw startup_error("cannot read " + directory_.string() + ": " + failure.message());
    }
}

void callbacks::start() {
    const auto guarded = [this](const std::function<void()>& work) {
        threads_.emplace_back([this, work] {
            try {
                work();
            } catch (const std::exception&) {
                spdlog::error("callbacks: fewer or none are sent until the next start");
                note_error("ended by a fault of tallyfs");
            }
        });
    };
    guarded([this] {
        actions_.run(
            *stop_, [this](std::string_view line) { return take(line); },
            [this](std::string error) { note_error(std::move(error)); });
    });
    for (std::size_t i = 0; i < senders_max; ++i) {
        senders_.push_back(std::make_shared<stopper>());
        guarded([this, stop = senders_.back()] { send_all(stop); });
    }
}

void callbacks::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    stop_->stop();
    for (const auto& one : senders_) one->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

target_status callbacks::status() const {
    const std::lock_guard lock(mutex_);
    auto copy = status_;
    copy.number = actions_.number();
    copy.actions_behind = actions_.behind();
    copy.owed = owed_.size();
    std::optional<steady_clock::time_point> next;
    for (const auto& [number, one] : owed_) {
        if (!copy.waits_since || one.what.since < *copy.waits_since)
            copy.waits_since = one.what.since;
        if (one.failures > 0 && (!next || one.next_try < *next)) next = one.next_try;
    }
    if (next) {
        copy.next_try = shared_.clock.wall() + std::chrono::duration_cast<wall_time::duration>(
                                                   *next - steady_clock::now());
    }
    return copy;
}

follower::taken callbacks::take(std::string_view line) {
    const auto number = ended_request(line);
    auto e = number != 0 ? shared_.entry(number) : std::nullopt;
    if (!e || e->request.asked.callback.empty()) return follower::taken::nothing;
    e = ended_entry(number);
    if (!e && stop_->stopping()) return follower::taken::stopped;
    if (!e) {
        give_up(number, "the journal says that it ended, and the request does not");
        return follower::taken::done;
    }
    auto what = owed_for(*e, line, shared_.known);
    if (!write(what)) return follower::taken::stopped;
    if (const auto why = add(std::move(what)); !why.empty()) give_up(number, why);
    changed_.notify_all();
    return follower::taken::done;
}

std::optional<approval::entry> callbacks::ended_entry(std::uint32_t number) {
    const auto deadline = steady_clock::now() + apply_max;
    while (!stop_->stopping() && steady_clock::now() < deadline) {
        auto e = shared_.entry(number);
        if (e && is_finished(e->state)) return e;
        stop_->rest(look_interval);
    }
    return std::nullopt;
}

/// Until it is on the disk; false when it was stopped before.
bool callbacks::write(const owed_callback& what) {
    while (!stop_->stopping()) {
        const auto written = replace_file(file_of(what.request), to_text(what));
        if (written) return true;
        note_error("cannot keep what is owed: " + written.error().message());
        stop_->pause(write_pause);
    }
    return false;
}

std::string callbacks::add(owed_callback what) {
    const auto to = parse_web_address(what.callback);
    if (!to || !is_allowed(*to, shared_.given.callbacks_allowed)) {
        return "its address is not among [callbacks] allowed any more";
    }
    const std::lock_guard lock(mutex_);
    if (owed_.size() >= owed_max) return "1,000 others are owed already";
    const auto number = what.request;
    // After a crash a line can come again whose outcome is on its way already.
    owed_.try_emplace(number, owed{std::move(what), *to, steady_clock::now()});
    return "";
}

void callbacks::send_all(const std::shared_ptr<stopper>& stop) {
    while (const auto one = next()) {
        const outgoing request{
            "POST",
            one->to,
            {{"Content-Type", "application/json"}, {"Idempotency-Key", one->what.key}},
            one->what.body};
        const auto answer = exchange(request, shared_.given.timeout, shared_.clock.wall(), stop);
        if (stop->stopping() && answer.status == 0) return;
        note(*one, answer);
    }
}

/// Waits for one whose time has come; nullopt when it was stopped.
std::optional<callbacks::owed> callbacks::next() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        std::vector<const owed*> busy;
        for (const auto& [number, one] : owed_) {
            if (one.on_its_way) busy.push_back(&one);
        }
        auto wake = steady_clock::now() + 1h;
        owed* first = nullptr;
        for (auto& [number, one] : owed_) {
            if (!may_go(one, busy)) continue;
            wake = std::min(wake, one.next_try);
            if (first == nullptr || one.next_try < first->next_try) first = &one;
        }
        if (first != nullptr && first->next_try <= steady_clock::now()) {
            first->on_its_way = true;
            return *first;
        }
        changed_.wait_until(lock, wake);
    }
    return std::nullopt;
}

void callbacks::note(const owed& sent, const reply& answer) {
    const auto number = sent.what.request;
    const auto now = shared_.clock.wall();
    if (judge_status(answer.status) == verdict_on_status::delivered) {
        forget(number);
        const std::lock_guard lock(mutex_);
        ++status_.sent;
        status_.last_success = now;
    } else if (now - sent.what.since >= give_up_after) {
        give_up(number, "given up after a day: " + answer.error);
    } else {
        const auto name = approval::number_text(number);
        if (sent.failures == 0) {
            spdlog::warn(
                "callbacks: the program of request {} cannot be told, and is tried again: "
                "{}",
                name, answer.error);
        }
        note_error(name + ": " + answer.error);
        const std::lock_guard lock(mutex_);
        const auto place = owed_.find(number);
        if (place == owed_.end()) return;
        auto& one = place->second;
        std::chrono::milliseconds pause =
            pause_after(++one.failures, static_cast<double>(random_() % 1000) / 1000);
        if (answer.retry_after) {
            pause = std::max<std::chrono::milliseconds>(pause_min, *answer.retry_after);
        }
        one.next_try = steady_clock::now() + pause;
        one.on_its_way = false;
    }
    changed_.notify_all();
}

void callbacks::give_up(std::uint32_t request, const std::string& why) {
    const auto name = approval::number_text(request);
    spdlog::error("callbacks: the program of request {} is not told: {}", name, why);
    note_error(name + ": " + why);
    forget(request);
    const std::lock_guard lock(mutex_);
    ++status_.failed;
}

/// What stays behind is sent again after the next start: better than never.
void callbacks::forget(std::uint32_t request) {
    std::error_code failure;
    std::filesystem::remove(file_of(request), failure);
    if (failure) note_error("cannot delete what is done with: " + failure.message());
    const std::lock_guard lock(mutex_);
    owed_.erase(request);
}

void callbacks::note_error(std::string error) {
    const std::lock_guard lock(mutex_);
    status_.last_error = std::move(error);
    status_.last_error_time = shared_.clock.wall();
}

}  // namespace tallyfs::notify
