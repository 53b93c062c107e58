#include "trail/feed_intake.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/reader.hpp>

#include <sys/eventfd.h>

#include <limits>
#include <utility>

namespace tallyfs::trail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t posts_max = 16;
constexpr auto poll_pause = 200ms;
constexpr auto quiet_before_finish = 1s;
constexpr std::size_t checkpoint_bytes_max = std::size_t{16} << 20;

std::optional<checkpoint> read_checkpoint(const std::filesystem::path& file) {
    const auto text = read_file(file, checkpoint_bytes_max);
    if (!text) {
        if (text.error() != boost::system::errc::no_such_file_or_directory) {
            spdlog::error("{}: {}", file.string(), text.error().message());
        }
        return std::nullopt;
    }
    auto read = parse_checkpoint(*text);
    if (!read) {
        spdlog::error("{} is damaged: the log is read again from its newest file on",
                      file.string());
    }
    return read;
}

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
        const auto stopping = [this] {
            const std::lock_guard lock(mutex_);
            return stopping_;
        };
        // What is in the stream already has to be known before more is added.
        if (!parts_.into.await_index(stopping)) return;
        restore();
        run();
    });
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

void feed::restore() {
    if (auto read = read_checkpoint(parts_.checkpoint_file)) at_ = std::move(*read);
    const auto segment = journal::segment_id::parse(at_.segment);
    careful_ = !segment && parts_.into.end().number > 0;
    const auto& what = parts_.what;
    const auto source_of = [](auto make, std::string& place) {
        try {
            return make(place);
        } catch (const std::invalid_argument&) {
            place.clear();
            return make(place);
        }
    };
    log_ = std::make_unique<intake>(what, at_.sessions);
    if (at_.log_place.empty()) log_->maker.lines_unknown();
    if (!what.log.empty()) {
        log_->source = source_of(
            [&](const std::string& place) {
                return follow_files(what.log, place, what.from_oldest);
            },
            at_.log_place);
    }
    archives_ = std::make_unique<intake>(what);
    archives_->may_repeat = true;
    if (!what.archives.empty()) {
        archives_->source =
            source_of([&](const std::string& place) { return read_archives(what.archives, place); },
                      at_.archives_place);
    }
    deliveries_ = std::make_unique<intake>(what);
    deliveries_->may_repeat = true;
    judging_ = parts_.judging();
    if (segment) restore_from_stream({*segment, at_.offset});
}

/// Counts again what is in windows that were not over: what was logged in them before the
/// checkpoint, and all that was written after it.
void feed::restore_from_stream(const journal::position& end) {
    const auto add = [this](const record::audit_event& event) {
        windows_.add(event, judging_->rules);
    };
    if (at_.windows_from != wall_time::max()) {
        ledger::audit_query query;
        query.cluster = parts_.what.cluster;
        query.from = at_.windows_from;
        query.events_max = std::numeric_limits<std::size_t>::max();
        const auto found =
            parts_.into.find(query, [&](std::string_view, const record::audit_event& event) {
                if (event.number <= at_.number) add(event);
            });
        if (!found) {
            spdlog::error("{}: windows that were open begin anew: {}", parts_.what.cluster,
                          found.error().message());
        }
    }
    journal::reader later(parts_.into.lines(), end);
    for (;;) {
        const auto batch = later.next();
        if (!batch || batch->text.empty()) break;
        for (auto rest = batch->text; !rest.empty();) {
            const auto bytes = rest.find('\n') + 1;
            const auto event = record::parse_audit_event(rest.substr(0, bytes));
            if (event && event->cluster == parts_.what.cluster) {
                add(*event);
                written_after_.insert(event->key);
            }
            rest.remove_prefix(bytes);
        }
    }
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
                busy = read_log();
                if (!busy) busy = read_archived();
                busy = take_posts() || busy;
                busy = run_command() || busy;
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
        archives_->reader.reset();
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
    from.reader.reset();  // each message stands for itself
    const auto take = [this, &from](const audit::log_entry& entry) { take_entry(from, entry); };
    auto& reader = from.reader_for(one.message, "");
    reader.feed(one.message, take);
    reader.finish(take);
    from.id.clear();
}

bool feed::run_command() {
    if (!command_ || parts_.clock.steady() < command_->due()) return false;
    const auto before = at_.entries;
    const auto since = before > 0 ? std::optional(at_.newest) : std::nullopt;
    command_problem_ = command_->run(since, [this](const delivered_message& one) { deliver(one); });
    if (at_.entries > before) grown();
    unsaved_ = true;
    return false;
}

void feed::post(std::string body, post_answer answer) {
    std::unique_lock lock(mutex_);
    const bool is_full = posts_.size() >= posts_max ||
                         (!posts_.empty() && posted_bytes_ + body.size() > delivery_bytes_max);
    if (stopping_ || is_full) {
        const auto why = stopping_ ? "stopping" : "too many batches wait";
        lock.unlock();
        return answer({503, "", why});
    }
    posted_bytes_ += body.size();
    posts_.push_back({std::move(body), std::move(answer), {}});
    woken_.notify_all();
}

std::deque<feed::posted> feed::take_waiting() {
    const std::lock_guard lock(mutex_);
    posted_bytes_ = 0;
    return std::exchange(posts_, {});
}

bool feed::take_posts() {
    auto waiting = take_waiting();
    for (auto& one : waiting) {
        const auto taken =
            for_each_message(one.body, [this](const delivered_message& each) { deliver(each); });
        one.outcome.request_id = taken.request_id;
        if (!taken.problem.empty()) {
            one.outcome.status = 400;
            one.outcome.problem = taken.problem;
        }
        one.body.clear();
        taken_.push_back(std::move(one));
    }
    if (waiting.empty()) return false;
    grown();
    next_second_ = parts_.clock.steady();  // somebody waits for the disk
    return true;
}

}  // namespace tallyfs::trail
