#include "admin/answers.hpp"

#include "admin/form.hpp"
#include "admin/on_desk.hpp"
#include "admin/request_page.hpp"

#include <boost/beast/http.hpp>

namespace tallyfs::admin {

namespace {

namespace beast_http = boost::beast::http;

constexpr std::string_view prefix = "/answer/";

page html(int status, std::string body) {
    return {status, "text/html; charset=utf-8", std::move(body), std::nullopt};
}

std::string_view text_of(std::string_view target) {
    return target.substr(prefix.size(), target.find('?') - prefix.size());
}

/// A link, and the request as it is now where the link still shows it.
struct opened_link {
    std::optional<state::answer> link;
    std::optional<approval::entry> entry;
    std::string problem;  ///< why it cannot be answered any more, or ""
};

opened_link open_link(std::string_view text, const decisions& office) {
    opened_link found;
    if (office.answers != nullptr) found.link = office.answers->read(text);
    if (!found.link) {
        found.problem = "This link is none of ours, or was altered on its way.";
        return found;
    }
    const auto& link = *found.link;
    const auto e = office.approvals.find(link.number);
    if (!e) {
        found.problem = "There is no such request any more.";
    } else if (office.clock.wall() >= link.expires) {
        found.problem =
            "This link has expired. The page of the request, or a reminder with a new link, takes "
            "your answer.";
    } else if (!office.answers->is_about(link, approval::plan_hash(e->request))) {
        found.problem =
            "The request has changed since this link was sent. A new one was sent for it as it is "
            "now.";
    } else {
        found.entry = e;
    }
    if (found.entry && (e->current_step() != link.step || e->state != approval::state::pending)) {
        found.problem = "This step is decided already, or nothing is left to decide.";
    }
    return found;
}

page shown(const opened_link& found, const decisions& office, int status, std::string_view message,
           std::string_view text) {
    if (!found.entry) return html(status, message_page(message));
    const approval::context at{office.approvals.people(), office.clock.wall()};
    form_kind form{std::string(prefix) + std::string(text), false, found.link->person};
    if (!found.problem.empty()) form.action.clear();
    return html(status, request_page(*found.entry, at, message, form));
}

/// The approval carries what was read: the code that the person typed where the step demands
/// it, and otherwise the whole hash of what the link was made for.
std::string words_of(const form& fields, const opened_link& found) {
    auto words = decision_of(fields);
    if (words != "approve" && !words.starts_with("approve ") && !words.starts_with("reject: ")) {
        return "";  // nothing but the two buttons of the page
    }
    const bool code = found.entry->request.chain.steps[found.link->step - 1].code_required;
    if (words == "approve" && !code) words += " " + approval::plan_hash(found.entry->request);
    return words;
}

}  // namespace

bool is_answer(std::string_view target) noexcept {
    return target.starts_with(prefix);
}

asio::awaitable<page> answer_by_link(const request& asked, const decisions& office) {
    const std::string target(asked.target());
    const std::string text(text_of(target));
    auto found = open_link(text, office);
    if (!found.problem.empty()) co_return shown(found, office, 403, found.problem, text);
    if (asked.method() != beast_http::verb::post) co_return shown(found, office, 200, "", text);
    const auto fields = parse_form(asked.body());
    if (!fields) co_return shown(found, office, 400, "This form cannot be read.", text);
    const auto words = words_of(*fields, found);
    const approval::identity who{found.link->person, std::nullopt, approval::known_by::chat};
    const auto start = [&office, who, link = *found.link, words](state::approvals::reply reply) {
        office.approvals.decide_as(who, link.number, link.step, words, std::move(reply));
    };
    const auto answer = co_await on_desk(start);
    const int failed = answer.failure.number;
    found = open_link(text, office);
    const auto message = failed == 0 ? "Your decision is recorded." : answer.failure.sentence;
    co_return shown(found, office, status_of(failed), message, text);
}

}  // namespace tallyfs::admin
