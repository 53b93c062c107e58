#include "record/fields.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/action.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <stdexcept>

namespace tallyfs::record {

namespace {

namespace json = boost::json;

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_bounded_string(out, value, limits::label_bytes_max);
}

/// The text of a field; "" and `failure` set where there is none.
std::string text_of(const json::object& object, std::string_view name, error_code& failure) {
    const json::value* const value = object.if_contains(name);
    if (value == nullptr) {
        failure = make_error_code(record_errc::missing_field);
    } else if (!value->is_string()) {
        failure = make_error_code(record_errc::bad_value);
    } else {
        return std::string(value->get_string());
    }
    return {};
}

}  // namespace

void append_line(std::string& out, const action& a) {
    if (a.detail.size() > action_detail_bytes_max || !a.detail.starts_with('{') ||
        !a.detail.ends_with('}') || a.detail.find('\n') != std::string::npos) {
        throw std::length_error("the detail of an action is no object that fits: " + a.event);
    }
    append_chain_link(out, {a.time, a.number, a.previous});
    append_field(out, "node", a.node);
    append_field(out, "event", a.event);
    append_field(out, "subject", a.subject);
    append_field(out, "by", a.actor.by);
    append_field(out, "known_by", a.actor.known_by);
    out += ",\"uid\":";
    out += a.actor.uid ? std::to_string(*a.actor.uid) : "null";
    out += ",\"detail\":";
    out += a.detail;
    out += "}\n";
}

result<action> parse_action(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    const auto link = read_chain_link(line);
    if (!link) return make_error_code(record_errc::not_json);
    error_code failure;
    const json::value value = json::parse(line, failure);
    if (failure || !value.is_object()) return make_error_code(record_errc::not_json);
    const auto& object = value.get_object();
    action read;
    read.time = link->time;
    read.number = link->number;
    read.previous = link->previous;
    read.node = text_of(object, "node", failure);
    read.event = text_of(object, "event", failure);
    read.subject = text_of(object, "subject", failure);
    read.actor.by = text_of(object, "by", failure);
    read.actor.known_by = text_of(object, "known_by", failure);
    if (const auto* uid = object.if_contains("uid"); uid != nullptr && !uid->is_null()) {
        error_code inexact;
        read.actor.uid = uid->to_number<std::uint32_t>(inexact);
        if (inexact) failure = make_error_code(record_errc::bad_value);
    }
    const auto* detail = object.if_contains("detail");
    if (detail == nullptr) failure = make_error_code(record_errc::missing_field);
    if (detail != nullptr && !detail->is_object())
        failure = make_error_code(record_errc::bad_value);
    if (failure) return failure;
    read.detail = json::serialize(*detail);
    return read;
}

}  // namespace tallyfs::record
