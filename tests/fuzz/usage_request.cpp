// An OpenAI chat request that is asked for usage: the edit has to leave a JSON document that says
// the same in every other respect. Format: docs/ollama.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/reports.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

namespace {

namespace json = boost::json;

constexpr std::string_view asked = R"("include_usage":true)";

dialect::request_report read(std::string_view body) {
    dialect::request_reader reader(dialect::operation::openai_chat, "application/json", "",
                                   "a key");
    reader.feed(body);
    return reader.finish();
}

/// The object that the body begins with. What follows it is ignored, as Ollama ignores it.
std::optional<json::object> parse(std::string_view body) {
    json::parse_options options;
    options.max_depth = 1000;
    options.allow_invalid_utf8 = true;
    error_code error;
    auto document = json::parse(body, error, {}, options);
    if (error || !document.is_object()) return std::nullopt;
    return std::move(document.get_object());
}

bool is_options_key(std::string_view key) {
    // Go folds two letters outside ASCII; the long s is the one that can stand in this name.
    constexpr std::string_view name = "stream_options";
    std::string folded;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (key.substr(i).starts_with("\xC5\xBF")) {
            folded += 's';
            ++i;
        } else {
            folded += key[i] >= 'A' && key[i] <= 'Z' ? static_cast<char>(key[i] + 32) : key[i];
        }
    }
    return folded == name;
}

/// Everything but the options of the stream, as text.
std::string without_options(const json::object& document) {
    json::object rest;
    for (const auto& [key, value] : document)
        if (!is_options_key(key)) rest.emplace(key, value);
    return json::serialize(rest);
}

/// One insertion, or one where "null" stood.
void check_edit(std::string_view body, std::string_view edited) {
    const auto same_begin = std::ranges::mismatch(body, edited).in1 - body.begin();
    auto rest = body.substr(static_cast<std::size_t>(same_begin));
    auto inserted = edited.substr(static_cast<std::size_t>(same_begin));
    while (!rest.empty() && !inserted.empty() && rest.back() == inserted.back()) {
        rest.remove_suffix(1);
        inserted.remove_suffix(1);
    }
    // "null" can begin or end with bytes that the inserted text has as well.
    require(rest.empty() || std::string_view("null").find(rest) != rest.npos,
            "every byte of the request is kept");
    require(inserted.size() <= asked.size() + std::string_view(R"("stream_options":{},)").size(),
            "nothing else is inserted");
}

void check_unchanged(std::string_view body, const dialect::request_report& report) {
    const auto document = parse(body);
    if (!document || !report.stream || report.include_usage) return;
    const bool strange = std::ranges::any_of(*document, [](const auto& member) {
        return is_options_key(member.key()) && !member.value().is_object() &&
               !member.value().is_null();
    });
    require(strange, "a stream that says nothing of usage is asked for it");
}

}  // namespace

void usage_request(std::string_view input) {
    const auto report = read(input);
    const auto edited = dialect::ask_for_usage(input, report);
    if (!edited) return check_unchanged(input, report);
    require(report.readable && report.stream && !report.include_usage,
            "only a stream that says nothing of usage is changed");
    check_edit(input, *edited);

    auto after = read(*edited);
    require(after.include_usage == std::optional(true), "usage is asked for");
    after.include_usage.reset();
    require(to_text(after) == to_text(report), "nothing else is reported differently");

    const auto document = parse(input);
    const auto edited_document = parse(*edited);
    if (!document) return;
    require(edited_document.has_value(), "the request stays JSON");
    require(without_options(*document) == without_options(*edited_document),
            "the request stays the same without its stream options");
    require(!dialect::ask_for_usage(*edited, read(*edited)), "it is asked for once");
}

}  // namespace tallyfs::fuzz
