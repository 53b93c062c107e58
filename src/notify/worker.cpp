#include "notify/worker.hpp"

#include "notify/exchange.hpp"
#include "notify/retry.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/record/chain_link.hpp>

namespace tallyfs::notify {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t place_bytes_max = 256;
// A wake() comes with each action; this is for those that were missed.
constexpr auto rest_max = 1s;
// Bytes of lines at once: a message waits as long as its target is down, and its batch with it.
constexpr std::size_t batch_bytes_max = 64 * 1024;

}  // namespace

worker::worker(const notifier::parts& shared, target to)
    : shared_(shared), to_(std::move(to)), file_(shared.directory / (to_.name + ".place")) {
    status_.name = to_.name;
    status_.format = to_string(to_.format);
    const auto newest = shared_.actions.head().lines;
    const auto text = read_file(file_, place_bytes_max);
    const auto kept = text ? parse_place(*text) : std::nullopt;
    const bool usable = kept && kept->number <= newest;
    if (usable) {
        done_ = *kept;
    } else {
        const bool missing =
            !text && text.error() == boost::system::errc::no_such_file_or_directory;
        if (!missing) {
            spdlog::warn("notify: {} is not of these actions: {} is told what comes from now on",
                         file_.string(), to_.name);
        }
        keep({shared_.actions.lines().end(), newest});
    }
    status_.number = done_.number;
}

void worker::start() {
    thread_ = std::thread([this] {
        try {
            run();
        } catch (const std::exception&) {
            // Of ours, but who knows what is in it: a message may hold the address.
            spdlog::error("notify: {} is told nothing more until the next start", to_.name);
            note_error("ended by a fault of tallyfs");
        }
    });
}

void worker::stop() {
    stop_->stop();
    if (thread_.joinable()) thread_.join();
}

target_status worker::status() const {
    const std::lock_guard lock(mutex_);
    auto copy = status_;
    const auto newest = shared_.actions.head().lines;
    copy.actions_behind = newest > copy.number ? newest - copy.number : 0;
    return copy;
}

void worker::run() {
    std::optional<journal::reader> lines(std::in_place, shared_.actions.lines(), done_.at);
    while (!stop_->stopping()) {
        const auto batch = lines->next(batch_bytes_max);
        if (!batch) {
            note_error("cannot read the actions: " + batch.error().message());
            // Lines were cut off or exchanged. What is done with is known by its number as well.
            if (batch.error() == make_error_code(journal::journal_errc::position_unknown)) {
                lines.emplace(shared_.actions.lines());
            }
            stop_->pause(rest_max);
        } else if (batch->text.empty()) {
            stop_->rest(rest_max);
        } else {
            take_all(*batch);
        }
    }
    keep(done_);
}

void worker::take_all(const journal::batch& lines) {
    auto rest = lines.text;
    auto behind = lines.offset;
    while (!rest.empty() && !stop_->stopping()) {
        const auto bytes = rest.find('\n') + 1;
        behind += bytes;
        take(rest.substr(0, bytes), {lines.segment, behind});
        rest.remove_prefix(bytes);
    }
}

void worker::take(std::string_view line, const journal::position& behind) {
    const auto link = record::read_chain_link(line.substr(0, line.size() - 1));
    if (link && link->number <= done_.number) return;
    const auto number = link ? link->number : done_.number;
    const auto m = message_of(line, shared_.known);
    if (m && wants(to_.events, m->event)) {
        if (!deliver(*m)) return;
        keep({behind, number});
    } else {
        // Nothing to lose: the file follows with the next message, or at the end.
        done_ = {behind, number};
    }
    const std::lock_guard lock(mutex_);
    status_.number = number;
}

bool worker::deliver(const message& m) {
    const auto request = format_message(to_, m);
    {
        const std::lock_guard lock(mutex_);
        status_.waits_since = m.time;
    }
    for (unsigned failures = 1; !stop_->stopping(); ++failures) {
        const auto answer = exchange(request, shared_.given.timeout, shared_.clock.wall(), stop_);
        if (stop_->stopping() && answer.status == 0) return false;
        if (note(m, answer)) return true;
        auto pause = pause_after(failures, static_cast<double>(random_() % 1000) / 1000);
        if (answer.retry_after)
            pause = std::max<std::chrono::milliseconds>(pause_min, *answer.retry_after);
        {
            const std::lock_guard lock(mutex_);
            status_.next_try = shared_.clock.wall() + pause;
        }
        stop_->pause(pause);
    }
    return false;
}

/// Whether the message is done with.
bool worker::note(const message& m, const reply& answer) {
    const auto verdict = judge_status(answer.status);
    if (verdict != verdict_on_status::delivered) note_error(answer.error);
    if (verdict == verdict_on_status::refused) {
        spdlog::error("notify: {} refuses the message about action {}, not sent again: {}",
                      to_.name, m.number, answer.error);
    } else if (verdict == verdict_on_status::again && !failing_) {
        spdlog::warn("notify: {} cannot be told, and is tried again: {}", to_.name, answer.error);
    } else if (verdict == verdict_on_status::delivered && failing_) {
        spdlog::info("notify: {} can be told again", to_.name);
    }
    failing_ = verdict == verdict_on_status::again;
    if (failing_) return false;
    const std::lock_guard lock(mutex_);
    status_.waits_since.reset();
    status_.next_try.reset();
    if (verdict == verdict_on_status::refused) {
        ++status_.failed;
    } else {
        ++status_.sent;
        status_.last_success = shared_.clock.wall();
    }
    return true;
}

void worker::note_error(std::string error) {
    const std::lock_guard lock(mutex_);
    status_.last_error = std::move(error);
    status_.last_error_time = shared_.clock.wall();
}

/// What cannot be kept is sent twice after a restart: better than not at all.
void worker::keep(const place& done) {
    done_ = done;
    const auto kept = replace_file(file_, to_text(done));
    if (kept) return;
    spdlog::error("notify: {} cannot be written: {}", file_.string(), kept.error().message());
    note_error("its place cannot be kept: " + kept.error().message());
}

}  // namespace tallyfs::notify
