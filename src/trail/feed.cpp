#include "trail/feed_intake.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/eventfd.h>

#include <utility>

namespace tallyfs::trail {

namespace {

using namespace std::chrono_literals;

constexpr auto poll_pause = 200ms;
constexpr auto quiet_before_finish = 1s;
/// Of what a command has printed so much is asked for again.
constexpr auto asked_again = 10min;
/// An index that takes so long is not just being brought up to date.
constexpr auto index_patience = 30s;
}  // namespace

feed::feed(parts with)
    : parts_(std::move(with)),
      known_(parts_.into, parts_.what.cluster),
      windows_(parts_.what.cluster),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
    status_.cluster = parts_.what.cluster;
    const auto& what = parts_.what;
    if (!what.command.empty()) {
        command_.emplace(fetch_command{what.command, what.command_every}, parts_.clock,
                         stop_.get());
    }
}

feed::~feed() {
    stop();
}

void feed::start() {
    thread_ = std::thread([this] {
        try {
            // What is in the stream already has to be known before more is added.
            if (!await_index()) return;
            restore();
            run();
        } catch (const std::exception& error) {
            spdlog::error("{}: the audit log is not read any more: {}", parts_.what.cluster,
                          error.what());
            tell(std::string("its reading has ended: ") + error.what());
            {
                const std::lock_guard lock(mutex_);
                stopping_ = true;  // nobody takes what is posted
            }
            refuse_posts();
        }
    });
}

bool feed::await_index() {
    const auto tell_at = parts_.clock.steady() + index_patience;
    bool told = false;
    return parts_.into.await_index([this, tell_at, &told] {
        refuse_posts();
        if (!told && parts_.clock.steady() >= tell_at) {
            told = true;
            tell("the index of the audit is not ready, and what is kept already not known");
        }
        const std::lock_guard lock(mutex_);
        return stopping_;
    });
}

/// Before anything could be read; later publish() does.
void feed::tell(std::string problem) {
    {
        const std::lock_guard lock(mutex_);
        status_.facts.problem = std::move(problem);
    }
    parts_.changed();
}

void feed::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        static_cast<void>(::eventfd_write(stop_.get(), 1));  // ends a command
        woken_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    for (const auto& one : std::exchange(posts_, {})) one.answer({503, "", "stopping"});
}

void feed::run() {
    next_second_ = parts_.clock.steady() + 1s;
    last_growth_ = parts_.clock.steady();
    if (publish()) parts_.changed();
    for (;;) {
        bool busy = false;
        try {
            judging_ = parts_.judging();
            expected_ = parts_.expected();
            for (auto* const one : {log_.get(), archives_.get(), deliveries_.get()}) {
                one->maker.keep_whole(judging_->keep_whole);
            }
            // Nothing more is read while the disk refuses what was read.
            if (commit()) {
                busy = read_what_comes();
                static_cast<void>(commit());
            } else {
                refuse_posts();
            }
        } catch (const std::exception& error) {
            spdlog::error("{}: the audit log was not read: {}", parts_.what.cluster, error.what());
        }
        if (parts_.clock.steady() >= next_second_) each_second();
        std::unique_lock lock(mutex_);
        if (stopping_) break;
        if (!busy)
            woken_.wait_for(lock, poll_pause, [this] { return stopping_ || !posts_.empty(); });
    }
    static_cast<void>(commit());
    each_second();
}

bool feed::read_what_comes() {
    bool busy = read_log();
    // What may have come already waits until it can be compared.
    if (!parts_.into.can_find()) {
        refuse_posts();
        return busy;
    }
    if (!busy) busy = read_archived();
    busy = take_posts() || busy;
    return run_command() || busy;
}

void feed::grown() {
    last_growth_ = parts_.clock.steady();
    grew_ = parts_.clock.wall();
}

/// True if there may be more at once.
bool feed::read_log() {
    if (!log_->source) return false;
    const auto read = log_->next_piece();
    if (!read) return false;
    if (!read->bytes.empty()) {
        grown();
        return take_piece(*log_, *read);
    }
    caught_up_ = true;
    if (log_->reader && parts_.clock.steady() - last_growth_ >= quiet_before_finish) {
        log_->reader->finish([this](const audit::log_entry& entry) { take_entry(*log_, entry); });
    }
    return false;
}

bool feed::read_archived() {
    if (!archives_->source) return false;
    const auto read = archives_->next_piece();
    if (!read) return false;
    if (read->begins_file || read->is_over) {
        if (archives_->reader) {
            archives_->reader->finish(
                [this](const audit::log_entry& entry) { take_entry(*archives_, entry); });
        }
        // Another archive can be of another format, and of another time.
        archives_->forget_reader();
        archives_->maker.lines_unknown();
    }
    return !read->bytes.empty() && take_piece(*archives_, *read);
}

bool feed::take_piece(intake& from, const piece& what) {
    auto& reader = from.reader_for(what.bytes, what.file);
    const auto take = [this, &from](const audit::log_entry& entry) { take_entry(from, entry); };
    if (what.begins_file) reader.next_file(take);
    reader.feed(what.bytes, take);
    unsaved_ = true;
    return true;
}

/// Programs print what they printed before as well: their entries are compared.
void feed::deliver(const delivered_message& one) {
    auto& from = *deliveries_;
    from.id = one.id;
    from.forget_reader();  // each message stands for itself
    const auto take = [this, &from](const audit::log_entry& entry) { take_entry(from, entry); };
    auto& reader = from.reader_for(one.message, "");
    reader.feed(one.message, take);
    reader.finish(take);
    from.id.clear();
}

bool feed::run_command() {
    if (!command_ || parts_.clock.steady() < command_->due()) return false;
    const auto before = at_.entries;
    std::optional<wall_time> since;
    // A service has its entries late and in any order, and a forged one can be of any time.
    if (before > 0) {
        since = std::max(std::min(at_.newest, parts_.clock.wall()) - asked_again, wall_time());
    }
    command_problem_ = command_->run(since, [this](const delivered_message& one) { deliver(one); });
    if (at_.entries > before) grown();
    unsaved_ = true;
    return false;
}

}  // namespace tallyfs::trail
