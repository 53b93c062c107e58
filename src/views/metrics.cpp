#include "views/directories.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>

namespace tallyfs::views {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// The text format knows no escape for control characters, and a NUL makes it binary.
std::string shown(std::string text) {
    std::ranges::replace_if(
        text,
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; },
        '?');
    return text;
}

ClientMetric::Label label_of(const char* name, const std::string& value) {
    ClientMetric::Label label;
    label.name = name;
    label.value = value;
    return label;
}

/// Collects families in the order in which they are shown.
class exposition {
  public:
    MetricFamily& family(const char* name, const char* help, MetricType type) {
        MetricFamily next;
        next.name = name;
        next.help = help;
        next.type = type;
        families_.push_back(std::move(next));
        return families_.back();
    }
    static void add(MetricFamily& to, double value, std::vector<ClientMetric::Label> labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.counter.value = value;
        metric.gauge.value = value;
        to.metric.push_back(std::move(metric));
    }
    void counter(const char* name, const char* help, std::uint64_t value) {
        add(family(name, help, MetricType::Counter), static_cast<double>(value));
    }
    void gauge(const char* name, const char* help, double value) {
        add(family(name, help, MetricType::Gauge), value);
    }
    [[nodiscard]] std::string text() const {
        return prometheus::TextSerializer().Serialize(families_);
    }

  private:
    std::vector<MetricFamily> families_;
};

double seconds(record::duration value) {
    return std::chrono::duration<double>(value).count();
}

/// Sums of the whole ledger by service and model: names are bounded, so are the series.
void add_usage(const sources& from, exposition& out) {
    std::map<std::pair<std::string, std::string>, ledger::sums> series;
    // A counter that fell during a rebuild would look like a restart, and then like a rush.
    const auto rows = from.ledger.usage({});
    if (from.live.rebuilding || !rows) return;
    for (const auto& row : *rows) {
        series[{shown(row.group.service), shown(row.group.model)}] += row.sums;
    }
    const auto add = [&](const char* name, const char* help, auto value_of) {
        auto& family = out.family(name, help, MetricType::Counter);
        for (const auto& [names, s] : series) {
            exposition::add(family, value_of(s),
                            {label_of("service", names.first), label_of("model", names.second)});
        }
    };
    const auto count = [](std::int64_t value) { return static_cast<double>(value); };
    add("tallyfs_calls_total", "Calls recorded.", [&](const auto& s) { return count(s.calls); });
    add("tallyfs_call_errors_total", "Calls that ended neither ok nor given up by the client.",
        [&](const auto& s) { return count(s.errors); });
    add("tallyfs_prompt_tokens_total", "Prompt tokens.",
        [&](const auto& s) { return count(s.prompt_tokens); });
    add("tallyfs_output_tokens_total", "Output tokens.",
        [&](const auto& s) { return count(s.output_tokens); });
    add("tallyfs_busy_seconds_total", "Time that a model worked.",
        [](const auto& s) { return seconds(s.busy); });
    add("tallyfs_cold_starts_total", "Calls that waited for their model to load.",
        [&](const auto& s) { return count(s.cold_starts); });
}

/// Nothing by name: who did what is in audit/.
void add_audit(const sources& from, exposition& out) {
    if (!from.audit) return;
    const auto all = from.audit();
    out.gauge("tallyfs_audit_servers", "PostgreSQL servers whose audit logs are read.",
              static_cast<double>(all.servers));
    out.gauge("tallyfs_audit_servers_blind", "Of these, those whose audit does not see all.",
              static_cast<double>(all.blind));
    out.gauge("tallyfs_audit_alerts_open", "Alerts that nobody has acknowledged.",
              static_cast<double>(all.alerts));
    out.counter("tallyfs_audit_events_total", "Events in the audit stream.", all.events);
}

/// By severity only: what is wrong with which database is in databases/findings.csv.
void add_databases(const sources& from, exposition& out) {
    if (!from.databases) return;
    const auto all = from.databases();
    out.gauge("tallyfs_databases_watched", "PostgreSQL databases that are looked at.",
              static_cast<double>(all.databases));
    out.gauge("tallyfs_databases_unreachable", "Of these, those that do not answer now.",
              static_cast<double>(all.unreachable));
    auto& findings =
        out.family("tallyfs_database_findings", "What is wrong with databases now and not muted.",
                   MetricType::Gauge);
    for (const auto& [severity, count] :
         {std::pair{"critical", all.critical}, {"warning", all.warning}, {"info", all.info}}) {
        exposition::add(findings, static_cast<double>(count), {label_of("severity", severity)});
    }
}

}  // namespace

std::string metrics_text(const sources& from) {
    const auto& live = from.live;
    const auto journal = from.calls.status();
    exposition out;
    out.gauge("tallyfs_upstream_up", "1 if Ollama answered when it was last asked.",
              live.upstream->reachable ? 1 : 0);
    out.gauge("tallyfs_calls_in_flight", "Calls that run now.",
              static_cast<double>(live.open_calls.size()));
    out.gauge("tallyfs_connections_open", "Client connections.",
              static_cast<double>(from.counters.connections_open.load()));
    out.counter("tallyfs_requests_total", "Requests since the start, polls included.",
                from.counters.requests.load());
    out.counter("tallyfs_polls_total", "Requests since the start that are no calls.",
                from.counters.polls.load());
    out.counter("tallyfs_connections_refused_total", "Connections over the limit since the start.",
                from.counters.connections_refused.load());
    out.counter("tallyfs_upstream_retries_total",
                "Requests sent again because a pooled connection was dead, since the start.",
                from.counters.upstream_retries.load());
    out.counter("tallyfs_calls_unrecorded_total",
                "Calls since the start whose line could not be written.",
                from.counters.calls_unrecorded.load());
    out.counter("tallyfs_captures_lost_total",
                "Calls since the start of which nothing was kept, though a setting asks for it.",
                from.counters.captures_dropped.load() + from.counters.captures_failed.load());
    out.counter("tallyfs_journal_segments_sealed_total",
                "Segments since the start that an I/O error ended.", journal.segments_sealed);
    out.gauge("tallyfs_journal_failing", "1 if the last append or sync failed.",
              journal.failing ? 1 : 0);
    out.gauge("tallyfs_ledger_bytes_behind", "Bytes of the journal that the ledger has not read.",
              static_cast<double>(live.bytes_behind));
    out.gauge("tallyfs_ledger_failing", "1 if the ledger cannot follow the journal.",
              live.ledger_error.empty() ? 0 : 1);
    out.gauge("tallyfs_ledger_rebuilding", "1 while the ledger is made anew.",
              live.rebuilding ? 1 : 0);
    out.gauge("tallyfs_journal_unreadable_lines", "Lines of the journal that cannot be read.",
              static_cast<double>(from.ledger.unreadable_lines()));
    out.gauge("tallyfs_disk_free_bytes", "Free space below the state directory.",
              static_cast<double>(live.disk_free_bytes));
    add_databases(from, out);
    add_audit(from, out);
    add_usage(from, out);
    return out.text();
}

}  // namespace tallyfs::views
