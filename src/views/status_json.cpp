#include "views/directories.hpp"
#include "views/status_figures.hpp"

#include <nlohmann/json.hpp>

namespace tallyfs::views {

namespace {

using json = nlohmann::ordered_json;

json today_json(const ledger::sums& total) {
    return {{"calls", total.calls},
            {"errors", total.errors},
            {"prompt_tokens", total.prompt_tokens},
            {"output_tokens", total.output_tokens},
            {"busy_ms", static_cast<double>(total.busy.count()) / 1000},
            {"cold_starts", total.cold_starts}};
}

json text_or_null(const std::string& text) {
    return text.empty() ? json() : json(text);
}

json state_json(const retention::reading& state) {
    return {{"journal_bytes", state.journal_bytes},
            {"ledger_bytes", state.ledger_bytes},
            {"captures_bytes", state.captures_bytes},
            {"databases_bytes", state.databases_bytes},
            {"limit_bytes", state.limit_bytes}};
}

json databases_json(const health::summary& all) {
    return {{"watched", all.databases}, {"unreachable", all.unreachable},
            {"critical", all.critical}, {"warning", all.warning},
            {"info", all.info},         {"worst", text_or_null(all.worst)}};
}

json audit_json(const audit::summary& all) {
    return {{"servers", all.servers},
            {"blind", all.blind},
            {"weak", all.weak},
            {"not_tested", all.unknown},
            {"open_alerts", all.alerts},
            {"events", all.events},
            {"chain_intact", all.chain_intact},
            {"not_recorded", all.not_recorded},
            {"worst", text_or_null(all.worst)}};
}

}  // namespace

std::string status_json(const sources& from) {
    const auto& live = from.live;
    const auto& upstream = *live.upstream;
    const auto today = figures_of_today(from);
    const auto journal = from.calls.status();
    json document = json::object();
    document["version"] = from.facts.version;
    document["node"] = from.facts.node;
    document["time"] = to_rfc3339(live.now);
    document["day"] = today.date.to_string();
    document["started"] = to_rfc3339(from.facts.started);
    json concerns = json::array();
    for (const auto& c : concerns_of(from, today)) {
        concerns.push_back({{"kind", c.kind}, {"who", c.who}, {"what", c.what}});
    }
    document["needs_you"] = std::move(concerns);
    const auto requests = from.approvals.list();
    document["approvals_waiting"] = std::ranges::count_if(
        requests, [](const auto& e) { return !approval::is_finished(e.state); });
    const auto head = from.actions.head();
    document["chain"] = {
        {"intact", from.actions.found().intact()}, {"lines", head.lines}, {"hash", head.hash}};
    document["proxy"] = {{"address", from.facts.proxy},
                         {"requests", from.counters.requests.load()},
                         {"polls", from.counters.polls.load()},
                         {"connections_open", from.counters.connections_open.load()},
                         {"calls_unrecorded", from.counters.calls_unrecorded.load()}};
    document["captures"] = {{"kept", from.counters.captures_kept.load()},
                            {"dropped", from.counters.captures_dropped.load()},
                            {"failed", from.counters.captures_failed.load()}};
    json loaded = json::array();
    for (const auto& model : upstream.loaded) {
        loaded.push_back(
            {{"name", model.name},
             {"bytes", model.bytes},
             {"context_length", model.context_length ? json(*model.context_length) : json()},
             {"unloads_at", model.unloads_at ? json(to_rfc3339(*model.unloads_at)) : json()}});
    }
    document["upstream"] = {{"address", upstream.address},
                            {"reachable", upstream.reachable},
                            {"version", upstream.version},
                            {"seen", upstream.seen ? json(to_rfc3339(*upstream.seen)) : json()},
                            {"error", text_or_null(upstream.error)},
                            {"loads_past_proxy", upstream.loads_past_proxy},
                            {"loaded", std::move(loaded)}};
    document["in_flight"] = live.open_calls.size();
    document["today"] = today.known ? today_json(today.total) : json();
    document["journal"] = {{"failing", journal.failing},
                           {"last_error", text_or_null(journal.last_error)},
                           {"lines_appended", journal.lines_appended},
                           {"lines_lost", journal.lines_lost},
                           {"segments_sealed", journal.segments_sealed},
                           {"torn_bytes_cut", journal.torn_bytes_cut},
                           {"torn_bytes_left", journal.torn_bytes_left},
                           {"disk_free_bytes", live.disk_free_bytes}};
    document["state"] = state_json(from.gauge.last().value_or(retention::reading{}));
    document["databases"] = databases_json(from.databases ? from.databases() : health::summary{});
    document["audit"] = audit_json(from.audit ? from.audit() : audit::summary{});
    document["ledger"] = {{"rebuilding", live.rebuilding},
                          {"bytes_behind", live.bytes_behind},
                          {"unreadable_lines", from.ledger.unreadable_lines()},
                          {"rebuild_reason", text_or_null(live.rebuild_reason)},
                          {"rebuilt_reason", text_or_null(live.rebuilt_reason)},
                          {"error", text_or_null(live.ledger_error)}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace tallyfs::views
