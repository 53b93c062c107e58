#include "trail/feed_intake.hpp"

#include <utility>

namespace tallyfs::trail {

namespace {

constexpr std::size_t posts_max = 16;
constexpr const char* cannot_record = "it cannot be recorded now";

}  // namespace

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
    const auto first = taken_.size();
    for (auto& one : take_waiting()) {
        one.outcome = {503, "", cannot_record};  // whatever happens, somebody waits for an answer
        taken_.push_back(std::move(one));
    }
    for (auto i = first; i < taken_.size(); ++i) {
        const auto body = std::move(taken_[i].body);
        const auto taken =
            for_each_message(body, [this](const delivered_message& each) { deliver(each); });
        taken_[i].outcome = {taken.problem.empty() ? 200 : 400, taken.request_id, taken.problem};
    }
    if (taken_.size() == first) return false;
    grown();
    next_second_ = parts_.clock.steady();  // somebody waits for the disk
    return true;
}

void feed::answer_posts(bool durable) {
    for (auto& one : std::exchange(taken_, {})) {
        if (!durable) one.outcome = {503, one.outcome.request_id, cannot_record};
        one.answer(one.outcome);
    }
}

/// Who posted keeps it, and tries again.
void feed::refuse_posts() {
    for (const auto& one : take_waiting()) one.answer({503, "", cannot_record});
}

}  // namespace tallyfs::trail
