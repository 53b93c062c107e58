#include "proxy/exchange.hpp"

#include <proxy/conclusion.hpp>
#include <proxy/watcher.hpp>

namespace tallyfs::proxy {

namespace {
// What the watcher saw is believed for this many of its rounds.
constexpr int rounds_believed = 3;
}  // namespace

/// Puts the call among those in flight, or renews what is shown of it. What costs something is
/// done once, when the model is known, unless the body lets itself be waited for.
void exchange::enter() {
    if (!wants_line_) return;
    if (!identified_) identify();
    if (!place_) {
        place_ = context_.open.enter(line_, started_wall_);
    } else if (line_.model || !inference_) {
        place_.update(line_);
    }
    if (!inference_ || !line_.model || counted_running_) return;
    if (scratch_.model_asked != *line_.model) {
        context_.watch->note_asked(*line_.model);
        scratch_.model_asked = *line_.model;
    }
    const auto known = context_.board.current();
    const auto age_max = rounds_believed * context_.options.watch_interval;
    if (known->address == to_->text && known->loaded_seen &&
        started_wall_ - *known->loaded_seen <= age_max)
        before_ = known;
    others_running_ = context_.running++ > 0;
    counted_running_ = true;
    if (place_) place_.progress().now = waiting_phase(*known);
}

journal::phase exchange::waiting_phase(const state::upstream_status& known) const {
    if (known.address == to_->text && known.loaded_seen && line_.model &&
        find_loaded(known, *line_.model) == nullptr) {
        return journal::phase::loading;
    }
    return context_.decoding > 0 ? journal::phase::queued : journal::phase::prefill;
}

void exchange::on_tick(steady_time now) {
    if (context_.cancellations != nullptr && !recorded_) {
        const auto version = context_.cancellations->version();
        if (std::exchange(cancellations_seen_, version) != version) {
            if (const auto by = context_.cancellations->take(line_.id)) {
                cancelled_by_ = *by;
                return session_.cut(cut_reason::cancelled);
            }
        }
    }
    if (!inference_ || recorded_ || line_.first_token_ms || !counted_running_) return;
    if (now - started_ >= context_.options.cold_load_min && !asked_for_look_) {
        // It loads, or waits: what is loaded is changing now.
        asked_for_look_ = true;
        context_.watch->refresh();
    }
    if (place_) place_.progress().now = waiting_phase(*context_.board.current());
}

void exchange::identify() {
    const auto& head = session_.head();
    auto& last = session_.last_caller();
    // A name that the process may still replace takes no place among the bounded ones.
    identified_ = session_.lookup().done || recorded_;
    const bool same = last.found && last.path_service == path_.service &&
                      last.path_task == path_.task && last.fields == head.fields_text();
    if (!same) {
        const request_words words{path_.service, path_.task,
                                  [&head](std::string_view name) { return head.find(name); },
                                  session_.listener().service};
        auto found = context_.rules.identify(words, session_.ends(), session_.lookup().process);
        if (identified_) {
            found.service = context_.services.admit(found.service);
            if (found.task) found.task = context_.tasks.admit(*found.task);
        }
        last = {std::string(head.fields_text()), path_.service, path_.task, std::move(found)};
    }
    line_.service = last.found->service;
    line_.task = last.found->task;
    line_.service_from = last.found->from;
    line_.principal = last.found->principal;
    line_.process = last.found->process;
    if (!session_.lookup().done) last.found.reset();
}

bool exchange::must_wait_for_process() {
    return wants_line_ && !recorded_ && !session_.lookup().done;
}

task<> exchange::wait_for_process(std::chrono::milliseconds at_most) {
    steady_timer timer(session_.owner().io(), at_most);
    auto& lookup = session_.lookup();
    lookup.waiting = &timer;
    error_code ignored;  // cancelled: the answer is there
    co_await timer.async_wait(into(ignored));
    lookup.waiting = nullptr;
}

task<> exchange::record(record::outcome outcome, std::string error) {
    if (must_wait_for_process()) co_await wait_for_process(context_.options.process_wait_max);
    record_now(outcome, std::move(error));
}

/// Appends the line. Once; whatever comes later changes nothing.
void exchange::record_now(record::outcome outcome, std::string error) {
    if (recorded_) return;
    recorded_ = true;
    if (!wants_line_) return;
    if (!identified_) identify();
    line_.outcome = outcome;
    if (!error.empty()) line_.error = std::move(error);
    complete_line();
    bound_group();
    const auto appended = context_.calls.append([this](std::string& out, wall_time now) {
        line_.time = now;
        record::append_line(out, line_);
    });
    if (!appended) ++context_.counters.calls_unrecorded;
    give_budget_back();
    if (captured_) end_capture();
    place_ = {};
}

task<> exchange::record_cut() {
    switch (session_.cut_by()) {
        case cut_reason::client_stalled:
            return record(record::outcome::timeout, "the client takes or sends nothing");
        case cut_reason::cancelled:
            return record(record::outcome::interrupted, "cancelled by " + cancelled_by_);
        case cut_reason::stopped:
            return record(record::outcome::interrupted, "tallyfs stopped");
        default:
            return record(record::outcome::client_gone);
    }
}

/// A thousand names each make a thousand million combinations: beyond a number of them calls are
/// counted under their service alone.
void exchange::bound_group() {
    const auto known = [this] {
        auto& key = scratch_.next_group;
        key.assign(line_.service);
        for (const auto* name : {&line_.task, &line_.model}) {
            key += name->has_value() ? '\1' : '\0';
            if (*name) key += **name;
        }
        if (key == scratch_.group) return true;
        if (!context_.groups.enter(key)) return false;
        std::swap(key, scratch_.group);
        return true;
    };
    if (known()) return;
    if (line_.task) line_.task = state::other_name;
    if (known() || !line_.model) return;
    line_.model = state::other_name;
}

void exchange::complete_line() {
    const auto now = context_.clock.steady();
    line_.duration_ms = std::chrono::duration_cast<record::duration>(now - started_);
    if (!inference_) {
        if (response_reader_ && response_reader_->report().error && !line_.error) {
            line_.error = response_reader_->report().error;
        }
        return;
    }
    note_answered_elsewhere();
    const auto after = context_.board.current();
    const bool newer =
        after->address == to_->text && after->loaded_seen && *after->loaded_seen > started_wall_;
    call_evidence evidence{.request = request_,
                           .response = response_reader_ ? &response_reader_->report() : nullptr,
                           .residency = {}};
    auto& residency = evidence.residency;
    if (line_.model) residency.model = *line_.model;
    residency.before = before_.get();
    residency.after = newer ? after.get() : nullptr;
    residency.others_running = others_running_;
    residency.context_asked = request_.context_length;
    if (evidence.response != nullptr) residency.load = evidence.response->load;
    residency.load_min = context_.options.cold_load_min;
    const bool was_loaded =
        before_ && line_.model && find_loaded(*before_, *line_.model) != nullptr;
    if (before_ && line_.model && !was_loaded) {
        residency.served_since = context_.watch->served_since(*line_.model, *before_->loaded_seen);
    }
    describe_result(line_, evidence);
    if (!line_.model) return;
    const bool answered = line_.first_byte_ms && line_.status.value_or(500) < 400;
    if (answered && !was_loaded) context_.watch->note_served(*line_.model, context_.clock.wall());
    const bool slow = line_.first_byte_ms && *line_.first_byte_ms >= context_.options.cold_load_min;
    if ((slow && !line_.first_token_ms) || request_.lifecycle) context_.watch->refresh();
    line_.model = context_.models.admit(*line_.model);
    if (line_.model_answered) line_.model_answered = context_.models.admit(*line_.model_answered);
}

}  // namespace tallyfs::proxy
