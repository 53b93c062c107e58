// The fields of each event and of what is in it, once: writer and reader visit the same lists.
// Format: docs/formats.md, "Approvals". must(): always there; may(): left out when it is empty.
#pragma once

#include "approval/names.hpp"

#include <concepts>
#include <tuple>
#include <type_traits>

namespace tallyfs::approval {

template <class T, class Wanted>
concept is = std::same_as<std::remove_const_t<T>, Wanted>;

template <is<identity> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("person", x.person);
    visit.may("uid", x.uid);
    visit.must("known_by", x.how);
}
template <is<capacity> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("way", x.way);
    visit.may("for", x.for_whom);
    visit.may("through", x.through);
}
template <is<step> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("role", x.role);
    visit.may("known_by", x.accepted);
    visit.may("code_required", x.code_required);
}
template <is<chain> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("kind", x.kind);
    visit.must("environment", x.environment);
    visit.must("steps", x.steps);
    visit.must("grace_seconds", x.grace_seconds);
    visit.must("expires_seconds", x.expires_seconds);
    visit.must("remind_seconds", x.remind_seconds);
    visit.must("escalate_seconds", x.escalate_seconds);
}
template <is<draft> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("kind", x.kind);
    visit.may("environment", x.environment);
    visit.must("title", x.title);
    visit.may("reason", x.reason);
    visit.may("parameters", x.parameters);
    visit.may("evidence", x.evidence);
    visit.may("plan", x.plan);
    visit.may("undo", x.undo);
    visit.may("callback", x.callback);
}
template <is<request> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("number", x.number);
    visit.must("created", x.created);
    visit.must("requester", x.requester);
    visit.must("asked", x.asked);
    visit.must("chain", x.chain);
    visit.may("undo_of", x.undo_of);
}
template <is<request_opened> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    visit.must("request", x.request);
}
/// What every event but the first begins with.
template <class T, class Visitor>
void begin(T& x, Visitor& visit) {
    visit.must("number", x.number);
    visit.must("at", x.at);
}
template <is<step_decided> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("step", x.step);
    visit.must("verdict", x.verdict);
    visit.must("who", x.who);
    visit.must("capacity", x.capacity);
    visit.must("hash", x.hash);
    visit.may("code_given", x.code_given);
    visit.may("reason", x.reason);
}
template <is<step_delegated> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("step", x.step);
    visit.must("who", x.who);
    visit.must("capacity", x.capacity);
    visit.must("to", x.to);
    visit.must("reason", x.reason);
}
template <class T, class Visitor>
requires(is<T, step_reminded> || is<T, step_escalated>) void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("step", x.step);
}
template <is<objection_raised> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("who", x.who);
    visit.must("text", x.text);
}
template <is<objection_answered> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("objection", x.objection);
    visit.must("who", x.who);
    visit.must("text", x.text);
}
template <is<request_revised> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("who", x.who);
    visit.may("evidence", x.evidence);
    visit.may("plan", x.plan);
}
template <is<request_withdrawn> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("who", x.who);
    visit.may("reason", x.reason);
}
template <class T, class Visitor>
requires(is<T, request_expired> || is<T, execution_absent>) void fields(T& x, Visitor&& visit) {
    begin(x, visit);
}
template <is<execution_started> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("hash", x.hash);
}
template <is<execution_finished> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("ending", x.ending);
    visit.may("result", x.result);
}
template <is<execution_unknown> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.may("why", x.why);
}
template <is<outcome_settled> T, class Visitor>
void fields(T& x, Visitor&& visit) {
    begin(x, visit);
    visit.must("settlement", x.settlement);
    visit.must("who", x.who);
    visit.must("capacity", x.capacity);
    visit.must("reason", x.reason);
}

}  // namespace tallyfs::approval
