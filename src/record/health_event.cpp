#include "record/fields.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/record/health_event.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace tallyfs::record {

namespace {

namespace json = boost::json;

constexpr std::size_t figure_name_bytes_max = 64;

using figures = std::vector<std::pair<std::string, double>>;

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

class event_writer {
  public:
    explicit event_writer(std::string& out) : out_(out) {}

    template <class Field>
    void operator()(std::string_view name, const Field& field) {
        out_ += ",\"";
        out_ += name;
        out_ += "\":";
        put(field);
    }

  private:
    void put(wall_time time) {
        const auto text = rfc3339_text(time);
        out_ += '"';
        out_.append(text.data(), text.size());
        out_ += '"';
    }
    void put(const std::optional<wall_time>& time) {
        if (time) return put(*time);
        out_ += "null";
    }
    void put(const uuid& id) { out_ += '"' + id.to_string() + '"'; }
    void put(const bounded<const std::string>& field) {
        append_bounded_string(out_, field.text, field.bytes_max);
    }
    void put(const figures& all) {
        out_ += '{';
        std::size_t written = 0;
        for (const auto& [name, value] : all) {
            if (!std::isfinite(value) || written == event_figures_max) continue;
            if (written++ > 0) out_ += ',';
            append_bounded_string(out_, name, figure_name_bytes_max);
            std::array<char, 32> digits{};
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
            out_ += ':';
            out_.append(digits.data(), end.ptr);
        }
        out_ += '}';
    }

    std::string& out_;
};

class event_reader {
  public:
    explicit event_reader(const json::object& object) : object_(object) {}

    template <class Field>
    void operator()(std::string_view name, Field&& field) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) {
            failure_ = make_error_code(record_errc::missing_field);
        } else if (!take(*value, field)) {
            failure_ = make_error_code(record_errc::bad_value);
        }
    }
    [[nodiscard]] const error_code& failure() const noexcept { return failure_; }

  private:
    static bool take(const json::value& value, const bounded<std::string>& field) {
        if (!value.is_string()) return false;
        field.text = std::string_view(value.get_string());
        return true;
    }
    static bool take(const json::value& value, wall_time& time) {
        const auto read =
            value.is_string() ? parse_rfc3339(value.get_string()) : std::optional<wall_time>();
        if (read) time = *read;
        return read.has_value();
    }
    static bool take(const json::value& value, std::optional<wall_time>& time) {
        return value.is_null() || take(value, time.emplace());
    }
    static bool take(const json::value& value, uuid& id) {
        const auto read = value.is_string() ? uuid::parse(value.get_string()) : std::nullopt;
        if (read) id = *read;
        return read.has_value();
    }
    static bool take(const json::value& value, figures& all) {
        if (!value.is_object()) return false;
        for (const auto& figure : value.get_object()) {
            if (!figure.value().is_number()) return false;
            all.emplace_back(figure.key(), figure.value().to_number<double>());
        }
        return true;
    }

    const json::object& object_;
    error_code failure_;
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
    const json::value value = json::parse(line, failure);
    if (failure || !value.is_object()) return make_error_code(record_errc::not_json);
    const auto& object = value.get_object();
    const auto* version = object.if_contains("v");
    if (version == nullptr) return make_error_code(record_errc::missing_field);
    if (!version->is_int64() || version->get_int64() != line_version) {
        return make_error_code(record_errc::bad_value);
    }
    health_event read;
    event_reader fields(object);
    visit_event(read, fields);
    if (fields.failure()) return fields.failure();
    return read;
}

}  // namespace tallyfs::record
