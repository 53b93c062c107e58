#include "approval/json_reader.hpp"
#include "approval/json_writer.hpp"

#include <tallyfs/approval/event.hpp>

namespace tallyfs::approval {

namespace {

/// In the order of the variant.
constexpr std::array<std::string_view, std::variant_size_v<event>> event_names{
    "request_opened",    "step_decided",      "step_delegated",     "step_reminded",
    "step_escalated",    "objection_raised",  "objection_answered", "request_revised",
    "request_withdrawn", "request_expired",   "execution_started",  "execution_finished",
    "execution_absent",  "execution_unknown", "outcome_settled"};

template <std::size_t Index = 0>
event default_event(std::size_t index) {
    if constexpr (Index < std::variant_size_v<event>) {
        return index == Index ? event(std::in_place_index<Index>) : default_event<Index + 1>(index);
    } else {
        return {};
    }
}

}  // namespace

std::uint32_t number_of(const event& e) noexcept {
    return std::visit(
        [](const auto& x) {
            if constexpr (is<decltype(x), const request_opened&>) {
                return x.request.number;
            } else {
                return x.number;
            }
        },
        e);
}

wall_time time_of(const event& e) noexcept {
    return std::visit(
        [](const auto& x) {
            if constexpr (is<decltype(x), const request_opened&>) {
                return x.request.created;
            } else {
                return x.at;
            }
        },
        e);
}

std::string_view name_of(const event& e) noexcept {
    return event_names[e.index()];
}

void append_event(std::string& out, const event& e) {
    out += "{\"event\":\"";
    out += name_of(e);
    out += '"';
    std::string body;
    std::visit([&](const auto& x) { json_writer(body).object(x); }, e);
    out += ',';
    out.append(body, 1);  // every event has fields: the brace is replaced by the comma
}

std::string event_text(const event& e) {
    std::string out;
    append_event(out, e);
    return out;
}

result<event> parse_event(std::string_view text) {
    if (text.size() > event_bytes_max) return make_error_code(approval_errc::bad_event);
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (!parsed.is_object()) return make_error_code(approval_errc::bad_event);
    const auto name = parsed.find("event");
    if (name == parsed.end() || !name->is_string()) {
        return make_error_code(approval_errc::bad_event);
    }
    const auto known = std::ranges::find(event_names, name->get_ref<const std::string&>());
    if (known == event_names.end()) return make_error_code(approval_errc::unknown_event);
    auto e = default_event(static_cast<std::size_t>(known - event_names.begin()));
    json_reader reader(parsed);
    std::visit([&](auto& x) { fields(x, reader); }, e);
    if (!reader.good()) return make_error_code(approval_errc::bad_event);
    return e;
}

}  // namespace tallyfs::approval
