#include "trail/feed_intake.hpp"

#include <tallyfs/audit/pgaudit_record.hpp>
#include <tallyfs/base/log.hpp>

#include <utility>

namespace tallyfs::trail {

namespace {

using namespace std::chrono_literals;

/// Events that are judged before they are written together.
constexpr std::size_t batch_events = 512;
/// By how much a server's clock may be ahead of ours.
constexpr std::chrono::minutes clocks_differ{10};
/// A log that says nothing for so long is not just slow.
constexpr std::chrono::seconds silence{10};
constexpr std::size_t marks_max = 1'000;
constexpr std::uint64_t checkpoint_distance_max = std::uint64_t{16} << 20;
/// Backends whose newest statement is remembered.
constexpr std::size_t pids_max = 10'000;

/// In one go a tenth of them, so that a server on which sessions are short costs nothing. Returns
/// the newest time that is forgotten.
wall_time forget_oldest(std::map<std::int32_t, wall_time>& times_of) {
    std::vector<wall_time> times;
    times.reserve(times_of.size());
    for (const auto& [pid, time] : times_of) times.push_back(time);
    const auto tenth = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 10);
    std::ranges::nth_element(times, tenth);
    std::erase_if(times_of, [&](const auto& one) { return one.second <= *tenth; });
    return *tenth;
}

/// The mark of a canary, or "": a prefix and a UUID.
std::string_view mark_in(std::string_view message) {
    constexpr std::size_t uuid_bytes = 36;
    const auto at = message.find(audit::canary_prefix);
    return at == std::string_view::npos
               ? std::string_view()
               : message.substr(at, audit::canary_prefix.size() + uuid_bytes);
}

}  // namespace

/// The way by which what is logged now comes: others bring what was.
bool feed::is_main(const intake& from) const {
    if (!parts_.what.log.empty()) return &from == log_.get();
    const bool is_delivered = !parts_.what.command.empty() || !parts_.what.post_token.empty();
    return &from == (is_delivered ? deliveries_.get() : archives_.get());
}

void feed::note(const intake& from, const audit::log_entry& entry) {
    ++at_.entries;
    ++read_;
    if (is_main(from)) trust_ = entry.trust;
    if (entry.forged) return;
    // One from the future, which a client can forge in a text log, would end windows early.
    const bool is_ahead = entry.logged > parts_.clock.wall() + clocks_differ;
    if (!is_ahead) at_.newest = std::max(at_.newest, entry.logged);
    if (!is_main(from)) return;
    ahead_ = is_ahead;
    if (complete_from_ == wall_time{}) complete_from_ = entry.logged;
    if (entry.pid != 0) note_statement(entry);
}

/// When each backend has last logged a statement.
void feed::note_statement(const audit::log_entry& entry) {
    // Of an unlogged session only that counts which a statement of its own has caused.
    const bool of_statement =
        entry.message.starts_with(audit::pgaudit_begins) || entry.severity == "ERROR";
    if (!of_statement) return;
    note_canary(entry.message);
    if (last_of_pid_.size() >= pids_max && !last_of_pid_.contains(entry.pid)) {
        // What is known is complete from then on only.
        complete_from_ = std::max(complete_from_, forget_oldest(last_of_pid_));
    }
    auto& last = last_of_pid_[entry.pid];
    last = std::max(last, entry.logged);
}

/// Whose statement it is does not matter: nobody can guess a mark.
void feed::note_canary(std::string_view message) {
    const auto mark = mark_in(message);
    if (mark.empty()) return;
    const std::lock_guard lock(mutex_);
    marks_.emplace_back(mark);
    if (marks_.size() > marks_max) marks_.pop_front();
}

bool feed::has_seen(const std::string& mark) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(marks_, mark) != marks_.end();
}

void feed::count_oddity(std::string_view kind) {
    auto* const count = kind == "gap"          ? &oddities_.gaps
                        : kind == "forged"     ? &oddities_.forged
                        : kind == "unreadable" ? &oddities_.unreadable
                                               : nullptr;
    if (count == nullptr) return;
    const std::lock_guard lock(mutex_);
    ++*count;
}

feed::oddities feed::take_oddities() {
    const std::lock_guard lock(mutex_);
    return std::exchange(oddities_, {});
}

void feed::take_entry(intake& from, const audit::log_entry& entry) {
    note(from, entry);
    from.maker.take(entry, [&](record::audit_event& event) {
        if (!from.id.empty() && !event.line) {
            event.key = audit::key_of(parts_.what.cluster, entry, from.id);
        }
        take_event(from, event);
    });
}

void feed::take_event(intake& from, record::audit_event& event) {
    // Deliveries come in any order, and in parts: a gap in them says nothing.
    if (&from == deliveries_.get() && event.kind == "gap") return;
    if (!written_after_.empty() && written_after_.erase(event.key) > 0) return;
    const bool may_repeat = from.may_repeat || careful_;
    if (may_repeat && known_.contains(event.key, event.logged)) return;
    audit::judge(event, judging_->accounts, judging_->rules);
    if (const auto* const work = find_expected(*expected_, event)) event.expected = work->ticket;
    if (const auto reason = judging_->noise.reason_of(event); !reason.empty()) {
        // Whatever an entry says of its time.
        const auto logged =
            std::clamp(event.logged, wall_time(), parts_.clock.wall() + std::chrono::hours(24));
        auto& reasons = at_.noise[zone::day_of(logged)];
        const bool room = reasons.size() < noise_reasons_max || reasons.contains(reason);
        ++reasons[room ? std::string(reason) : "(other)"];
        while (at_.noise.size() > noise_days_max) at_.noise.erase(at_.noise.begin());
        if (may_repeat) known_.drop(event.key);
        return;
    }
    known_.keep(event.key, event.logged);
    event.node = parts_.node;
    count_oddity(event.kind);
    events_.push_back(event);
    // While the disk refuses, what was read at once waits: not each event of it is a try.
    if (events_.size() % batch_events == 0) static_cast<void>(commit());
}

/// False if something could not be written: it is tried again.
bool feed::commit() {
    if (events_.empty()) return true;
    const auto written = parts_.into.append(events_);
    for (std::size_t i = 0; i < written; ++i) windows_.add(events_[i], judging_->rules);
    kept_ += written;
    if (written > 0) unsaved_ = true;
    events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(written));
    not_recorded_ = !events_.empty();
    return events_.empty();
}

void feed::each_second() {
    next_second_ = parts_.clock.steady() + 1s;
    // A log that is silent does not keep a window open.
    const auto silent = parts_.clock.steady() - last_growth_ - silence;
    windows_.pass(at_.newest + std::chrono::duration_cast<std::chrono::microseconds>(
                                   std::max(silent, steady_time::duration(0))));
    // Nor does a server whose clock is far ahead of ours.
    if (caught_up_) windows_.pass(parts_.clock.wall() - clocks_differ);
    auto counted = windows_.take_changed();
    counted.insert(counted.begin(), std::make_move_iterator(owed_.begin()),
                   std::make_move_iterator(owed_.end()));
    owed_.clear();
    if (!counted.empty() && !parts_.report(counted)) owed_ = std::move(counted);
    const auto end = parts_.into.end();
    const bool durable = events_.empty() && parts_.into.sync().has_value();
    // Others' events make what would be read at the next start longer.
    const bool is_far = end.at.segment.file_name() != at_.segment ||
                        end.at.offset > at_.offset + checkpoint_distance_max;
    if (durable && (unsaved_ || is_far)) save(end);
    answer_posts(durable);
    if (publish()) parts_.changed();
}

bool feed::publish() {
    auto problem = command_problem_;
    for (const auto* const one : {archives_.get(), log_.get()}) {
        if (auto told = one->problem(); !told.empty()) problem = std::move(told);
    }
    std::uint64_t unreadable = 0;
    for (const auto* const one : {log_.get(), archives_.get(), deliveries_.get()}) {
        unreadable += one->unreadable();
    }
    const auto behind = log_->source ? log_->source->bytes_behind() : 0;
    const std::lock_guard lock(mutex_);
    auto& facts = status_.facts;
    const bool is_same = shown_ && caught_up_ == status_.caught_up && read_ == facts.entries &&
                         kept_ == status_.events && problem == facts.problem &&
                         behind == status_.bytes_behind && unreadable == status_.unreadable &&
                         not_recorded_ == status_.not_recorded;
    if (is_same) return false;
    shown_ = true;
    status_.caught_up = caught_up_;
    facts.newest = at_.newest;
    facts.oldest = complete_from_;
    facts.grew = grew_;
    facts.is_ahead = ahead_;
    facts.may_be_late = parts_.what.log.empty() || behind > 0;
    facts.entries = read_;
    facts.trust = read_ > 0 ? to_string(trust_) : "";
    facts.last_of_pid = last_of_pid_;
    facts.problem = std::move(problem);
    status_.events = kept_;
    status_.noise = at_.noise;
    status_.not_recorded = not_recorded_;
    status_.bytes_behind = behind;
    status_.unreadable = unreadable;
    return true;
}

bool feed::not_recorded() const {
    const std::lock_guard lock(mutex_);
    return status_.not_recorded;
}

feed_status feed::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace tallyfs::trail
