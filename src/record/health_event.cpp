#include "record/field_writer.hpp"
#include "record/object_reader.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/health_event.hpp>

#include <boost/json/parse.hpp>

#include <cmath>

namespace tallyfs::record {

namespace {

constexpr std::size_t figure_name_bytes_max = 64;

/// Calls visit(name, field) for each field but `v`, in the line's order.
template <class Event, class Visitor>
void visit_event(Event& e, Visitor&& visit) {
    constexpr auto label = limits::label_bytes_max;
    constexpr auto sentence = limits::error_bytes_max;
    visit("time", e.time);
    visit("id", e.id);
    visit("node", bounded{e.node, label});
    visit("event", bounded{e.event, label});
    visit("environment", bounded{e.environment, label});
    visit("cluster", bounded{e.cluster, label});
    visit("database", bounded{e.database, event_name_bytes_max});
    visit("rule", bounded{e.rule, label});
    visit("subject", bounded{e.subject, event_name_bytes_max});
    visit("severity", bounded{e.severity, label});
    visit("title", bounded{e.title, label});
    visit("figures", e.figures);
    visit("since", e.since);
    visit("severity_before", bounded{e.severity_before, label});
    visit("look", bounded{e.look, label});
    visit("text", bounded{e.text, sentence});
    visit("advice", bounded{e.advice, sentence});
    visit("muted_by", bounded{e.muted_by, sentence});
    visit("problem", bounded{e.problem, sentence});
}

class event_writer : field_writer {
  public:
    using field_writer::field_writer;

    template <class Field>
    void operator()(std::string_view name, const Field& field) {
        begin(name);
        put(field);
    }

  private:
    using field_writer::put;
    void put(const std::vector<std::pair<std::string, double>>& all) {
        out_ += '{';
        std::size_t written = 0;
        for (const auto& [name, value] : all) {
            if (!std::isfinite(value) || written == event_figures_max) continue;
            if (written++ > 0) out_ += ',';
            append_bounded_string(out_, name, figure_name_bytes_max);
            out_ += ':';
            put(value);
        }
        out_ += '}';
    }
};

}  // namespace

void append_line(std::string& out, const health_event& e) {
    out += "{\"v\":" + std::to_string(line_version);
    visit_event(e, event_writer(out));
    out += "}\n";
}

result<health_event> parse_health_event(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    error_code failure;
    const boost::json::value value = boost::json::parse(line, failure);
    if (failure || !value.is_object()) return make_error_code(record_errc::not_json);
    const auto& object = value.get_object();
    const auto* version = object.if_contains("v");
    if (version == nullptr) return make_error_code(record_errc::missing_field);
    if (!version->is_int64() || version->get_int64() != line_version) {
        return make_error_code(record_errc::bad_value);
    }
    health_event read;
    object_reader fields(object);
    visit_event(read, fields);
    if (fields.failure()) return fields.failure();
    return read;
}

}  // namespace tallyfs::record
