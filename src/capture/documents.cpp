#include "capture/documents.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/transcript.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace tallyfs::capture {

namespace {

namespace json = boost::json;
using dialect::parse_document;

bool has_type(std::string_view content_type, std::string_view wanted) {
    return equal_ignoring_case(content_type.substr(0, wanted.size()), wanted);
}

json::value not_kept(std::string_view why) {
    return json::object{{"not_kept", why}};
}

/// Redacted, as text of its file and as what was read back from it: what people read is made from
/// nothing else.
struct redacted_document {
    std::string text;
    json::value content;
};

redacted_document redacted(const json::value& document, const policy::pattern_set& patterns) {
    redacted_document out;
    out.text = patterns.redact_json(json::serialize(document)) + "\n";
    if (auto content = parse_document(out.text)) out.content = std::move(*content);
    return out;
}

/// Once more: a find can lie across two parts of a message.
std::string people_text(const dialect::transcript& said, const policy::pattern_set& patterns) {
    return patterns.redact(dialect::to_text(said));
}

void add_request(const captured_call& call, const policy::pattern_set& patterns, documents& out) {
    auto request = call.request_gap.empty() ? parse_document(call.request) : std::nullopt;
    if (!request) {
        const auto why = call.request_gap.empty() ? "the body cannot be read as JSON"
                                                  : std::string_view(call.request_gap);
        out["request.json"] = redacted(not_kept(why), patterns).text;
        return;
    }
    leave_out_unreadable(*request);
    if (call.mode == policy::capture_mode::metadata) {
        out["request.json"] = redacted(shape_of(*request), patterns).text;
        return;
    }
    const auto kept = redacted(*request, patterns);
    out["request.json"] = kept.text;
    out["prompt.txt"] = people_text(dialect::read_request(call.op, kept.content), patterns);
}

/// A piece of a secret in each event is none to any pattern: a stream is kept joined.
json::value joined_stream(const captured_call& call, bool events) {
    const auto joined = dialect::join_stream(call.op, events, call.response);
    json::object out{{"streamed", true}, {"events", joined.events}};
    if (joined.unreadable > 0) out["events_unreadable"] = joined.unreadable;
    if (call.response_cut) out["cut_after_bytes"] = response_bytes_max;
    if (!joined.reply.model().empty()) out["model"] = joined.reply.model();
    if (!joined.reply.finish().empty()) out["finish"] = joined.reply.finish();
    if (!joined.reply.error().empty()) out["error"] = joined.reply.error();
    out["said"] = dialect::to_json(joined.reply.said());
    return out;
}

dialect::transcript said_in(const captured_call& call, const json::value& reply, bool stream) {
    if (stream) {
        const auto* object = reply.if_object();
        const auto* said = object != nullptr ? object->if_contains("said") : nullptr;
        return said != nullptr ? dialect::from_json(*said) : dialect::transcript();
    }
    dialect::reply_joiner joiner(call.op);
    joiner.add(reply);
    auto said = joiner.said();
    if (said.empty() && !joiner.error().empty()) {
        said.push_back({"error", dialect::speech::text, "", joiner.error()});
    }
    return said;
}

void add_response(const captured_call& call, const policy::pattern_set& patterns, documents& out) {
    const bool events = has_type(call.response_type, "text/event-stream");
    const bool lines = has_type(call.response_type, "application/x-ndjson");
    json::value reply;
    if (!call.response_gap.empty()) {
        reply = not_kept(call.response_gap);
    } else if (events || lines) {
        reply = joined_stream(call, events);
    } else if (call.response_cut) {
        reply = not_kept("the body is longer than " + std::to_string(response_bytes_max) +
                         " bytes, and no stream");
    } else if (auto document = parse_document(call.response)) {
        leave_out_unreadable(*document);
        reply = std::move(*document);
    } else if (has_type(call.response_type, "text/plain") && is_utf8(call.response)) {
        reply = json::object{{"text", call.response}};
    } else {
        reply = not_kept("the body cannot be read as JSON");
    }
    const auto kept = redacted(reply, patterns);
    out["response.json"] = kept.text;
    out["response.txt"] = people_text(said_in(call, kept.content, events || lines), patterns);
}

/// Nothing but what stands in the call's line.
std::string about(const captured_call& call) {
    const auto or_null = [](const auto& value) {
        return value ? json::value(*value) : json::value();
    };
    return json::serialize(json::object{{"v", 1},
                                        {"id", call.id.to_string()},
                                        {"capture", policy::to_string(call.mode)},
                                        {"service", call.service},
                                        {"task", or_null(call.task)},
                                        {"endpoint", call.endpoint},
                                        {"model", or_null(call.model)},
                                        {"status", or_null(call.status)},
                                        {"request_bytes", call.request_bytes},
                                        {"response_bytes", call.response_bytes}}) +
           "\n";
}

}  // namespace

documents make_documents(const captured_call& call, const policy::pattern_set& patterns) {
    documents out;
    out["about.json"] = about(call);
    add_request(call, patterns, out);
    if (call.mode == policy::capture_mode::full) add_response(call, patterns, out);
    return out;
}

}  // namespace tallyfs::capture
