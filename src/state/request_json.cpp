#include <tallyfs/state/request_json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace tallyfs::state {

namespace json = boost::json;

json::object described(const approval::entry& e) {
    const auto time = [](const std::optional<wall_time>& at) {
        return at ? json::value(to_rfc3339(*at)) : json::value();
    };
    json::object object;
    object["number"] = approval::number_text(e.request.number);
    object["kind"] = e.request.asked.kind;
    object["title"] = e.request.asked.title;
    object["state"] = std::string(to_string(e.state));
    object["finished"] = is_finished(e.state);
    object["approved"] = e.state == approval::state::done;
    object["result"] = e.result;
    object["created"] = to_rfc3339(e.request.created);
    object["ended"] = time(e.ended);
    object["hash"] = approval::plan_hash(e.request);
    json::array steps;
    for (std::size_t i = 0; i < e.steps.size(); ++i) {
        json::object step{{"role", e.request.chain.steps[i].role}};
        if (const auto& d = e.steps[i].decided) {
            step["verdict"] = std::string(to_string(d->verdict));
            step["by"] = d->who.person;
            step["known_by"] = std::string(to_string(d->who.how));
            step["at"] = to_rfc3339(d->at);
            step["reason"] = d->reason;
        }
        steps.push_back(std::move(step));
    }
    object["steps"] = std::move(steps);
    if (const auto& w = e.withdrawn) {
        object["withdrawn"] = json::object{{"by", w->who.person},
                                           {"known_by", std::string(to_string(w->who.how))},
                                           {"at", to_rfc3339(w->at)},
                                           {"reason", w->reason}};
    }
    return object;
}

}  // namespace tallyfs::state
