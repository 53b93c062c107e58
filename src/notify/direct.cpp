#include "notify/direct.hpp"

#include "notify/formats.hpp"
#include "notify/retry.hpp"

#include <tallyfs/approval/views.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::notify {

namespace {

using approval::known_by;

constexpr std::array<std::string_view, 6> asking{"approval.requested", "approval.decided",
                                                 "approval.delegated", "approval.reminder",
                                                 "approval.escalated", "approval.revised"};
/// Errors of Slack that pass: docs.slack.dev, "chat.postMessage", "Errors".
constexpr std::array<std::string_view, 5> passing{"ratelimited", "internal_error", "fatal_error",
                                                  "service_unavailable", "request_timeout"};

/// What one direct message needs to be sent.
struct letter {
    const target& to;
    std::chrono::seconds timeout;
    wall_time now;
    const std::shared_ptr<stopper>& stop;
};

reply send(const letter& l, std::string method, const std::string& path, std::string body) {
    outgoing request{std::move(method), l.to.address, {}, std::move(body), true};
    request.address.path = path;
    request.headers = {{"Content-Type", "application/json; charset=utf-8"},
                       {"Authorization", "Bearer " + l.to.token}};
    return exchange(request, l.timeout, l.now, l.stop);
}

/// A text in an answer; "" where there is none.
std::string text_in(const reply& answer, const char* name) {
    const auto read = ordered_json::parse(answer.body, nullptr, false);
    const auto place = read.is_object() ? read.find(name) : read.end();
    return read.is_object() && place != read.end() && place->is_string() ? place->get<std::string>()
                                                                         : std::string();
}

/// A word of the server's, as far as it can be shown.
std::string shown(std::string_view word) {
    const bool plain = std::ranges::all_of(
        word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
    return plain && !word.empty() && word.size() <= 64 ? std::string(word) : "no reason given";
}

/// Slack says with 200 that it refuses.
reply send_slack(const letter& l, std::string_view chat, const message& m) {
    auto body = slack_body(m);
    body["channel"] = chat;
    body["unfurl_media"] = false;
    auto answer = send(l, "POST", l.to.address.path, dumped(body));
    if (judge_status(answer.status) != verdict_on_status::delivered) return answer;
    const auto read = ordered_json::parse(answer.body, nullptr, false);
    if (read.is_object() && read.value("ok", ordered_json()) == true) return answer;
    const auto error = text_in(answer, "error");
    const bool passes = std::ranges::find(passing, error) != passing.end();
    return {passes || !read.is_object() ? 503 : 400, "Slack refuses: " + shown(error), {}, {}};
}

/// Who we are, the channel that we have with that person, then the post.
reply send_mattermost(const letter& l, std::string_view chat, const message& m) {
    auto base = l.to.address.path;
    while (base.ends_with('/')) base.pop_back();
    base += "/api/v4";
    const auto failed = [](const reply& answer) {
        return judge_status(answer.status) != verdict_on_status::delivered;
    };
    auto answer = send(l, "GET", base + "/users/me", "");
    const auto own = text_in(answer, "id");
    if (failed(answer)) return answer;
    answer = send(l, "POST", base + "/channels/direct", dumped(ordered_json::array({own, chat})));
    const auto channel = text_in(answer, "id");
    if (failed(answer)) return answer;
    if (own.empty() || channel.empty()) return {503, "the answer has no id", {}, {}};
    auto text = mattermost_body(m)["text"];
    return send(l, "POST", base + "/posts",
                dumped({{"channel_id", channel}, {"message", std::move(text)}}));
}

}  // namespace

bool asks_people(std::string_view event) noexcept {
    return std::ranges::find(asking, event) != asking.end();
}

std::vector<recipient> recipients_of(const approval::entry& e, const approval::people& people,
                                     wall_time now) {
    std::vector<recipient> all;
    const auto waits = approval::waiting_for(e, {people, now});
    if (waits.step == 0) return all;
    const auto& accepted = e.request.chain.steps[waits.step - 1].accepted;
    if (!accepted.empty() && std::ranges::find(accepted, known_by::chat) == accepted.end()) {
        return all;
    }
    for (const auto& name : waits.names) {
        const auto* const person = people.by_name(name);
        if (person == nullptr || person->chat.empty()) continue;
        all.push_back({person->chat,
                       {e.request.number, waits.step, name, approval::plan_hash(e.request), {}}});
    }
    return all;
}

reply send_direct(const target& to, std::string_view chat, message m, const std::string& link,
                  std::chrono::seconds timeout, wall_time now,
                  const std::shared_ptr<stopper>& stop) {
    const letter l{to, timeout, now, stop};
    m.link = link;
    return to.format == format::slack_direct ? send_slack(l, chat, m) : send_mattermost(l, chat, m);
}

}  // namespace tallyfs::notify
