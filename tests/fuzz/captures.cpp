// What is kept of a call: made of any two bodies, redacted, for programs and for people.
// Formats: docs/formats.md, "Captures".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/transcript.hpp>

#include <capture/documents.hpp>

namespace tallyfs::fuzz {

namespace {

constexpr auto operations = static_cast<std::size_t>(dialect::operation::messages) + 1;
constexpr std::array types{"application/json", "application/x-ndjson", "text/event-stream",
                           "text/plain", ""};

void check_text(const std::string& text, const policy::pattern_set& patterns) {
    require(is_utf8(text), "a file for people is UTF-8");
    require(patterns.find(text).empty(), "nothing is left to find in a file for people");
    for (const char c : text) {
        require(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t',
                "a file for people controls no terminal");
    }
}

void check_document(const std::string& text, const policy::pattern_set& patterns) {
    require(text.ends_with('\n'), "a document ends with a line's end");
    require(dialect::parse_document(text).has_value(), "a document can be read");
    require_equal(patterns.redact_json(text), text, "redacting a document again changes nothing");
}

}  // namespace

void captures(std::string_view input) {
    std::atomic<std::size_t> held{0};
    capture::captured_call call(held);
    call.op = static_cast<dialect::operation>(take_choice(input, operations));
    call.response_type = types[take_choice(input, types.size())];
    call.mode =
        take_choice(input, 2) == 0 ? policy::capture_mode::full : policy::capture_mode::metadata;
    call.response_cut = take_choice(input, 2) == 1;
    call.request = take_until(input, '\0');
    call.response = input;
    const policy::pattern_set patterns;
    const auto kept = capture::make_documents(call, patterns);
    require(kept.contains("about.json") && kept.contains("request.json"), "a call has its files");
    require(kept.contains("response.json") == (call.mode == policy::capture_mode::full),
            "without the bodies there is no response");
    for (const auto& [name, content] : kept) {
        if (name.ends_with(".txt")) {
            check_text(content, patterns);
        } else {
            check_document(content, patterns);
        }
    }
}

}  // namespace tallyfs::fuzz
