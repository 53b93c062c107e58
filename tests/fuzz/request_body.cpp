// The body of an inference request: what is reported of it must not depend on how its bytes
// arrive, on blanks between them, or on their being compressed. Format: docs/ollama.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/reports.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/dialect/request.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <zstd.h>

namespace tallyfs::fuzz {

namespace {

using dialect::operation;

constexpr std::size_t decoded_bytes_max = std::size_t{1} << 20;

struct coding {
    std::string content_type = "application/json";
    std::string content_encoding;
};

dialect::request_report read(operation op, const coding& coded, std::string_view body,
                             int cutting) {
    dialect::request_reader reader(op, coded.content_type, coded.content_encoding, "a key",
                                   decoded_bytes_max);
    // What a reader has read before must not matter.
    if (cutting == 1) {
        reader.restart(operation::messages, "", "zstd");
        reader.feed(body);
        reader.restart(operation::transcription, "multipart/form-data; boundary=b", "");
        reader.feed(body);
        reader.restart(op, coded.content_type, coded.content_encoding);
    }
    in_pieces(body, cutting, [&](std::string_view piece) { reader.feed(piece); });
    return reader.finish();
}

std::string compressed(std::string_view body) {
    std::string out(ZSTD_compressBound(body.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), body.data(), body.size(), 1));
    return out;
}

/// The same document with blanks wherever JSON allows them.
std::string with_blanks(std::string_view body) {
    std::string out;
    bool in_text = false;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const char c = body[i];
        const bool structural = !in_text && std::string_view("{}[],:").find(c) != body.npos;
        if (structural) out += " \n";
        out += c;
        if (structural) out += "\t\r";
        if (in_text && c == '\\' && i + 1 < body.size()) {
            out += body[++i];
        } else if (c == '"') {
            in_text = !in_text;
        }
    }
    return out;
}

/// What holds whatever the body was.
void check_report(const dialect::request_report& report, std::size_t body_bytes) {
    require(!report.model || report.model->size() <= limits::model_bytes_max, "models are bounded");
    require(report.prompt_bytes >= 0 && static_cast<std::size_t>(report.prompt_bytes) <= body_bytes,
            "a prompt is no longer than its body");
    require(!report.unload || report.lifecycle, "to unload is lifecycle");
    require(report.options.size() <= limits::options_bytes_max, "options are bounded");
    if (!report.options.empty()) {
        error_code error;
        const auto options = boost::json::parse(report.options, error);
        require(!error && options.is_object(), "options are a JSON object");
    }
    if (report.readable) {
        const bool hex =
            report.prompt_hash.size() == 32 &&
            report.prompt_hash.find_first_not_of("0123456789abcdef") == std::string::npos;
        require(hex, "a prompt's hash has 32 hex digits");
    } else {
        require(report.prompt_hash.empty() && !report.lifecycle && report.prompt_bytes == 0,
                "nothing is said of the prompt of half a request");
    }
}

bool is_json_object(std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = 1000;
    options.allow_invalid_utf8 = true;
    error_code error;
    const auto document = boost::json::parse(body, error, {}, options);
    return !error && document.is_object();
}

void check_json(operation op, std::string_view body, const dialect::request_report& report) {
    if (!is_json_object(body)) return;
    require(report.readable, "a JSON object is readable");
    require_equal(to_text(read(op, {}, with_blanks(body), 0)), to_text(report),
                  "blanks between values say nothing");
    const auto more = std::string(body) + "\n trailing bytes";
    require_equal(to_text(read(op, {}, more, 3)), to_text(report),
                  "what follows the document says nothing");
    const bool is_v1 = op == operation::openai_chat || op == operation::openai_completion ||
                       op == operation::openai_embeddings || op == operation::responses ||
                       op == operation::messages;
    if (!is_v1) return;
    const coding zstd{"application/json", "zstd"};
    for (int cutting = 0; cutting < cuttings; ++cutting)
        require_equal(to_text(read(op, zstd, compressed(body), cutting)), to_text(report),
                      "a compressed body says the same");
}

}  // namespace

void request_body(std::string_view input) {
    const auto op = static_cast<operation>(take_choice(input, 11));
    coding coded;
    if (take_choice(input, 8) == 7) coded.content_encoding = "zstd";
    if (op == operation::transcription) {
        // A form names its boundary in the head; here its first line does.
        const auto line = input.substr(0, input.find_first_of("\r\n"));
        const auto boundary = line.starts_with("--") ? line.substr(2) : "boundary";
        coded.content_type = "multipart/form-data; boundary=" + std::string(boundary);
    }
    const auto report = read(op, coded, input, 0);
    const auto text = to_text(report);
    for (int cutting = 1; cutting < cuttings; ++cutting)
        require_equal(to_text(read(op, coded, input, cutting)), text,
                      "cuts do not change a report");
    check_report(report, coded.content_encoding.empty() ? input.size() : decoded_bytes_max);
    if (op != operation::transcription && coded.content_encoding.empty())
        check_json(op, input, report);
}

}  // namespace tallyfs::fuzz
