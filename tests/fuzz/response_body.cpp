// The body of a response in any dialect and framing: what is reported must not depend on how its
// bytes arrive, and nothing that was reported may be taken back. Format: docs/ollama.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/reports.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/dialect/response.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>

namespace tallyfs::fuzz {

namespace {

using dialect::operation;

constexpr std::array<int, 5> statuses{200, 400, 404, 500, 503};
constexpr std::array<std::string_view, 6> content_types{"application/json",
                                                        "application/x-ndjson",
                                                        "text/event-stream",
                                                        "text/plain",
                                                        "",
                                                        "Application/JSON; charset=utf-8"};

struct circumstances {
    operation op = operation::none;
    int status = 200;
    std::string_view content_type;
};

dialect::response_report read(const circumstances& around, std::string_view body, int cutting) {
    // What a reader has read before must not matter.
    dialect::response_reader reader(operation::openai_chat, 404, "text/event-stream");
    if (cutting == 1) reader.feed(body);
    reader.restart(around.op, around.status, around.content_type);
    std::int64_t events = 0;
    bool terminal = false;
    in_pieces(body, cutting, [&](std::string_view piece) {
        reader.feed(piece);
        const auto& report = reader.report();
        require(report.content_events >= events && (report.terminal || !terminal),
                "what was reported stays");
        events = report.content_events;
        terminal = report.terminal;
    });
    reader.finish();
    require(reader.report().terminal || !terminal, "a terminal event stays one");
    return reader.report();
}

void check_report(const dialect::response_report& report, std::size_t body_bytes) {
    constexpr std::size_t reason_bytes_max = 64;
    require(!report.model || report.model->size() <= limits::model_bytes_max, "models are bounded");
    require(!report.error || report.error->size() <= limits::error_bytes_max, "errors are bounded");
    require(!report.done_reason || report.done_reason->size() <= reason_bytes_max,
            "reasons are bounded");
    require(report.prompt_tokens.value_or(0) >= 0 && report.output_tokens.value_or(0) >= 0,
            "counts are not negative");
    require(
        report.content_bytes >= 0 && static_cast<std::size_t>(report.content_bytes) <= body_bytes,
        "content is no longer than the body");
    require(
        report.content_events >= 0 && static_cast<std::size_t>(report.content_events) <= body_bytes,
        "an event takes a byte at least");
    for (const auto& time : {report.total, report.load, report.prompt_eval, report.eval})
        require(!time || time->count() >= 0, "times are not negative");
}

/// The numbers of embeddings are passed over unread: a mistake among them is noticed or not,
/// depending on the cuts (tallyfs/dialect/response.hpp).
bool may_depend_on_cuts(operation op, std::string_view body) {
    constexpr std::size_t always_read_bytes = 512;
    const bool numeric =
        op == operation::embed || op == operation::embeddings || op == operation::openai_embeddings;
    if (!numeric || body.size() <= always_read_bytes) return false;
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    error_code error;
    const auto document = boost::json::parse(body, error, {}, options);
    return error || !document.is_object();
}

}  // namespace

void response_body(std::string_view input) {
    circumstances around;
    around.op = static_cast<operation>(take_choice(input, 11));
    around.status = statuses[take_choice(input, statuses.size())];
    around.content_type = content_types[take_choice(input, content_types.size())];
    const auto report = read(around, input, 0);
    check_report(report, input.size());
    if (may_depend_on_cuts(around.op, input)) return;
    const auto text = to_text(report);
    for (int cutting = 1; cutting < cuttings; ++cutting)
        require_equal(to_text(read(around, input, cutting)), text, "cuts do not change a report");
}

}  // namespace tallyfs::fuzz
