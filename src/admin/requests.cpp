#include "admin/requests.hpp"

#include "admin/answers.hpp"
#include "admin/form.hpp"
#include "admin/on_desk.hpp"
#include "admin/request_page.hpp"
#include "admin/who.hpp"

#include <tallyfs/state/request_json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::admin {

namespace {

namespace json = boost::json;
namespace beast_http = boost::beast::http;
using namespace std::chrono_literals;

constexpr auto wait_max = std::chrono::seconds(300);
constexpr auto look_interval = 200ms;
constexpr int waiting_max = 32;  // half of the connections: pages stay reachable

page html(int status, std::string body) {
    return {status, "text/html; charset=utf-8", std::move(body), std::nullopt};
}
page as_json(int status, const json::value& value) {
    return {status, "application/json", json::serialize(value) + "\n", std::nullopt};
}
page problem(int status, std::string_view text) {
    return as_json(status, json::object{{"error", text}});
}

std::optional<std::uint32_t> number_of(std::string_view target, std::string_view prefix) {
    target = target.substr(0, target.find('?'));
    if (!target.starts_with(prefix)) return std::nullopt;
    return approval::parse_number(target.substr(prefix.size()));
}

/// How long a GET may wait: "?wait=300".
std::chrono::seconds wait_of(std::string_view target) {
    const auto text = query_value(target, "wait").value_or("0");
    int seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::clamp(std::chrono::seconds(seconds), 0s, wait_max);
}

asio::awaitable<page> show_json(std::uint32_t number, std::chrono::seconds wait,
                                const session_context& shared) {
    const auto& office = *shared.office;
    const auto until = std::chrono::steady_clock::now() + wait;
    if (wait > 0s && shared.waiting >= waiting_max) co_return problem(503, "too many wait here");
    ++shared.waiting;
    auto e = office.approvals.find(number);
    while (e && !is_finished(e->state) && std::chrono::steady_clock::now() < until) {
        co_await pause(look_interval);
        e = office.approvals.find(number);
    }
    --shared.waiting;
    if (!e) co_return problem(404, "there is no such request");
    co_return as_json(200, state::described(*e));
}

asio::awaitable<page> open_request(const request& asked, const decisions& office,
                                   const std::string& peer) {
    const auto who = co_await who_asks(asked, office, peer, std::string(bearer(asked)));
    if (!who) {
        co_return problem(401,
                          "who are you? Send Authorization: Bearer TOKEN, of a person in the "
                          "configuration");
    }
    const std::string text = asked.body();
    const auto start = [&office, who = *who, text](state::approvals::reply reply) {
        office.approvals.open_as(who, text, std::move(reply));
    };
    const auto answer = co_await on_desk(start);
    if (answer.failure.number != 0) {
        co_return problem(status_of(answer.failure.number), answer.failure.sentence);
    }
    const auto e = office.approvals.find(answer.number);
    if (!e) co_return problem(500, "the request is gone");
    const auto number = approval::number_text(answer.number);
    auto made = state::described(*e);
    made["page"] = "/page/" + number;
    made["wait"] = "/requests/" + number + "?wait=300";
    co_return as_json(201, made);
}

form_kind form_of(std::uint32_t number, bool ask_token) {
    return {"/page/" + approval::number_text(number), ask_token, ""};
}

asio::awaitable<page> decide(const request& asked, std::uint32_t number,
                             const session_context& shared, const std::string& peer) {
    const auto& office = *shared.office;
    const auto fields = parse_form(asked.body());
    const auto field = [&](const char* name) {
        const auto place = fields ? fields->find(name) : form::const_iterator();
        return fields && place != fields->end() ? place->second : std::string();
    };
    std::string token = field("token");
    if (token.empty()) token = bearer(asked);
    const auto who = co_await who_asks(asked, office, peer, token);
    const approval::context at{office.approvals.people(), office.clock.wall()};
    auto e = office.approvals.find(number);
    if (!who && shared.people_only) co_return html(403, "This token is nobody's.\n");
    if (!e) co_return html(404, "There is no such request.\n");
    const auto form = form_of(number, !signed_on(asked, office, peer));
    if (!who) {
        co_return html(403,
                       request_page(*e, at, "This token is nobody's: nothing was decided.", form));
    }
    std::uint32_t step = 0;
    const auto step_text = field("step");
    std::from_chars(step_text.data(), step_text.data() + step_text.size(), step);
    const auto words = fields ? decision_of(*fields) : std::string();
    const auto start = [&office, who = *who, number, step, words](state::approvals::reply reply) {
        office.approvals.decide_as(who, number, step, words, std::move(reply));
    };
    const auto answer = co_await on_desk(start);
    e = office.approvals.find(number);
    if (!e) co_return html(404, "There is no such request.\n");
    const auto message = answer.failure.number == 0 ? std::string("Your decision is recorded.")
                                                    : answer.failure.sentence;
    co_return html(status_of(answer.failure.number), request_page(*e, at, message, form));
}

}  // namespace

bool is_about_requests(std::string_view target) noexcept {
    const auto path = target.substr(0, target.find('?'));
    return path == "/page" || path.starts_with("/page/") || path == "/requests" ||
           path.starts_with("/requests/") || is_answer(path);
}

asio::awaitable<page> answer_about_requests(const request& asked, const session_context& shared,
                                            const std::string& peer) {
    if (shared.office == nullptr) co_return problem(404, "no requests are taken here");
    const auto& office = *shared.office;
    const std::string target(asked.target());
    if (is_answer(target)) {
        auto answer = co_await answer_by_link(asked, office);
        co_return answer;
    }
    const bool post = asked.method() == beast_http::verb::post;
    const auto path = target.substr(0, target.find('?'));
    const approval::context at{office.approvals.people(), office.clock.wall()};
    if (path == "/requests" && post) {
        auto made = co_await open_request(asked, office, peer);
        co_return made;
    }
    if (const auto number = number_of(target, "/requests/"); number && !post) {
        auto shown = co_await show_json(*number, wait_of(target), shared);
        co_return shown;
    }
    if (path == "/page" && !post) co_return html(200, requests_page(office.approvals.list(), at));
    const auto number = number_of(target, "/page/");
    if (number && post) {
        auto decided = co_await decide(asked, *number, shared, peer);
        co_return decided;
    }
    const auto e = number ? office.approvals.find(*number) : std::nullopt;
    if (!e) co_return html(404, "There is no such request.\n");
    co_return html(200,
                   request_page(*e, at, "", form_of(*number, !signed_on(asked, office, peer))));
}

}  // namespace tallyfs::admin
