#include "proxy/exchange.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/base/text.hpp>

#include <boost/asio/post.hpp>
#include <proxy/watcher.hpp>

namespace tallyfs::proxy {

namespace {

using namespace std::chrono_literals;

/// How often a call that is held open looks whether it may pass.
constexpr auto hold_interval = 100ms;

/// The time on the wall, for policies: looked up once a minute.
struct wall_minute {
    std::chrono::sys_time<std::chrono::minutes> of;
    int minute_of_day = 0;
    std::chrono::weekday weekday = std::chrono::Monday;
};

const wall_minute& minute_of(wall_time now) {
    thread_local wall_minute known;
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    if (minute != known.of) {
        const auto local = zone::local(now);
        known = {minute, local.hour * 60 + local.minute, std::chrono::weekday(local.date.date())};
    }
    return known;
}

}  // namespace

/// The route itself takes data out of the house, whatever the model is.
bool exchange::sends_data_out() const {
    return route_.kind == dialect::route_class::cloud || route_.endpoint == "/api/push" ||
           request_.web_search;
}

/// The line says where the call goes, or would have gone.
void exchange::note_destination() {
    constexpr std::string_view cloud = "https://ollama.com";  // what such names stand for
    if (!remote_host_.empty()) {
        line_.upstream = remote_host_;
    } else if (line_.model && dialect::is_cloud_name(*line_.model)) {
        line_.upstream = cloud;
    }
}

policy::verdict exchange::verdict() const {
    policy::request_facts facts;
    facts.principal = line_.principal;
    facts.service = line_.service;
    facts.service_trusted = line_.service_from == record::service_source::key ||
                            line_.service_from == record::service_source::listener;
    if (line_.model) facts.model = *line_.model;
    facts.endpoint = line_.endpoint;
    facts.cloud = !remote_host_.empty() || (line_.model && dialect::is_cloud_name(*line_.model));
    facts.endpoint_leaves = sends_data_out();
    facts.prompt_bytes = request_.prompt_bytes;
    facts.now = context_.clock.wall();
    const auto& local = minute_of(facts.now);
    facts.minute_of_day = local.minute_of_day;
    facts.weekday = local.weekday;
    if (body_in_memory_) {
        facts.prompt_text = [this] { return std::string_view(scratch_.body); };
    }
    facts.prompt_is_json = route_.op != dialect::operation::transcription;
    const auto& in_force = session_.owner().rules();
    return in_force.rules.evaluate(facts, in_force.grants);
}

/// Most calls: everything that the policies look at is known.
exchange::judgement exchange::judge_now() {
    const auto& rules = session_.owner().rules().rules;
    const auto coding = session_.head().find(http::field::content_encoding);
    if (rules.looks_at_text() && !coding.empty() && !equal_ignoring_case(coding, "identity")) {
        policy_refusal_.emplace(
            415, "the policies look at what is sent here, so it must not be compressed");
        return judgement::refused;
    }
    if (line_.model && inference_) {
        const auto known = known_origin();
        if (!known) return judgement::not_yet;
        remote_host_ = *known;
    }
    note_destination();
    const bool out = sends_data_out() || !remote_host_.empty() ||
                     (line_.model && dialect::is_cloud_name(*line_.model));
    if ((out || rules.size() > 0) && must_wait_for_process()) return judgement::not_yet;
    return verdict().action == policy::verb::allow ? judgement::allowed : judgement::not_yet;
}

/// A rule for somebody must not be passed by for as long as the machine is busy looking.
refusal exchange::caller_unknown() {
    return {503, "it cannot be told at the moment who calls, and a rule depends on it: try again"};
}

/// What the Ollama to which this call goes said in the last seconds.
std::optional<std::string> exchange::known_origin() {
    auto& owner = session_.owner();
    if (owner.upstream() != to_) return std::nullopt;
    return owner.origins().known(*line_.model, started_);
}

task<bool> exchange::may_pass() {
    if (must_wait_for_process()) co_await wait_for_process(principal_wait_max);
    if (must_wait_for_process() && session_.owner().rules().rules.looks_at_principal()) {
        policy_refusal_.emplace(caller_unknown());
        co_return false;
    }
    if (!identified_) identify();
    if (place_) place_.update(line_);
    if (line_.model && inference_) {
        const bool found = co_await find_origin();
        if (!found) co_return false;
    }
    note_destination();
    auto said = verdict();
    if (said.action == policy::verb::ask) {
        const bool passes = co_await ask_person(std::move(said));
        co_return passes;
    }
    if (said.action == policy::verb::allow) co_return true;
    policy_refusal_.emplace(403, said.reason);
    co_return false;
}

/// false: it cannot be told where the model runs, and so nothing may be sent to it.
task<bool> exchange::find_origin() {
    if (const auto known = known_origin()) {
        remote_host_ = *known;
        co_return true;
    }
    const auto before = context_.settled_model_changes();
    auto asked = co_await ask_remote_host(session_.owner(), to_, *line_.model);
    if (!asked) {
        const bool unclear = asked.error() == boost::system::errc::bad_message;
        policy_refusal_.emplace(502,
                                "Ollama at " + to_->text +
                                    (unclear ? std::string(" does not say where the model runs")
                                             : " cannot be reached: " + asked.error().message()));
        refused_as_ = record::outcome::upstream_error;
        context_.watch->refresh();
        co_return false;
    }
    remote_host_ = *asked;
    // A name that was given to another model meanwhile, or is now another Ollama's, is asked for
    // again the next time.
    auto& owner = session_.owner();
    if (before && before == context_.settled_model_changes() && owner.upstream() == to_) {
        owner.origins().learn(*line_.model, *asked, context_.clock.steady());
    }
    co_return true;
}

/// The reply tells of another place than Ollama did before: the data has left, and the line says
/// so; the next call is judged by what is known now.
void exchange::note_answered_elsewhere() {
    if (!response_reader_ || !line_.model || !remote_host_.empty()) return;
    const auto& host = response_reader_->report().remote_host;
    if (!host) return;
    line_.upstream = *host;
    spdlog::warn("proxy: a call of {} to {} was answered by {}, which Ollama had not said before",
                 line_.service, *line_.model, *host);
    auto& owner = session_.owner();
    if (owner.upstream() == to_) {
        owner.origins().learn(*line_.model, *host, context_.clock.steady());
    }
}

task<state::asked> exchange::open_request(const policy::verdict& said) {
    state::question what{said.rule,
                         line_.principal,
                         line_.service,
                         line_.model.value_or(""),
                         sends_data_out() ? line_.endpoint : std::string(),
                         remote_host_};
    // The answer comes from another thread, perhaps at once, and resumes this one on its own.
    struct pending {
        std::mutex mutex;
        std::optional<state::asked> answer;
    };
    const auto shared = std::make_shared<pending>();
    steady_timer answered(session_.owner().io(), steady_timer::time_point::max());
    const auto alive = std::make_shared<steady_timer*>(&answered);
    context_.permissions->ask(std::move(what),
                              [shared, alive = std::weak_ptr(alive),
                               io = session_.owner().io().get_executor()](state::asked answer) {
                                  {
                                      const std::lock_guard lock(shared->mutex);
                                      shared->answer = std::move(answer);
                                  }
                                  asio::post(io, [alive] {
                                      if (const auto timer = alive.lock()) (*timer)->cancel();
                                  });
                              });
    answered.expires_after(5s);
    error_code ignored;  // cancelled is how the answer comes
    co_await answered.async_wait(into(ignored));
    const std::lock_guard lock(shared->mutex);
    co_return shared->answer.value_or(state::asked{"", "", "the request could not be opened"});
}

/// The call waits for a person, at most as long as the policy says.
task<bool> exchange::hold(const policy::verdict& said) {
    const auto until = std::chrono::steady_clock::now() + said.hold;
    steady_timer pause(session_.owner().io());
    error_code ignored;  // nobody cancels it
    session_.watch_client();
    while (std::chrono::steady_clock::now() < until && session_.cut_by() == cut_reason::none) {
        pause.expires_after(hold_interval);
        co_await pause.async_wait(into(ignored));
        const auto now = verdict();
        if (now.action == policy::verb::allow) co_return true;
        if (now.action == policy::verb::deny) co_return false;
    }
    co_return false;
}

bool exchange::within_budgets() {
    if (!identified_) identify();
    auto admitted = context_.budgets->admit(
        {line_.principal, line_.service,
         line_.model ? std::string_view(*line_.model) : std::string_view()});
    if (!admitted.refused) {
        ticket_ = std::move(admitted.ticket);
        return true;
    }
    policy_refusal_.emplace(429, admitted.refused->reason());
    policy_refusal_->retry_after = admitted.refused->retry_after;
    return false;
}

void exchange::give_budget_back() noexcept {
    if (ticket_) context_.budgets->finish(std::move(*ticket_), line_);
    ticket_.reset();
}

task<bool> exchange::ask_person(policy::verdict said) {
    const auto request = co_await open_request(said);
    std::string why = said.reason;
    if (request.request.empty()) {
        why += ", and " + request.problem;
        policy_refusal_.emplace(403, std::move(why));
        co_return false;
    }
    if (said.hold > 0s) {
        const bool passes = co_await hold(said);
        if (passes || session_.cut_by() != cut_reason::none) co_return passes;
    }
    why += ". It waits for a person as " + request.request.substr(0, request.request.find('-')) +
           ": echo approve > approvals/pending/" + request.request + "/" + request.step;
    policy_refusal_.emplace(403, std::move(why));
    co_return false;
}

}  // namespace tallyfs::proxy
