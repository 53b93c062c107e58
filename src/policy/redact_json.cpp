#include "policy/finders.hpp"
#include "policy/json_walk.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/policy/redaction.hpp>

#include <algorithm>

namespace tallyfs::policy {

namespace {

/// JSON in a string in JSON: the arguments of a tool's call are, and may quote another one.
constexpr int depth_max = 4;
constexpr int passes_max = 4;
constexpr std::string_view secret = "[redacted:key]";

bool can_be_json(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos &&
           std::string_view("{[\"").find(text[first]) != text.npos;
}

}  // namespace

bool pattern_set::is_secret_value(std::string_view text) const {
    return text.size() >= secret_bytes_min && !is_marker(text);
}

std::string pattern_set::redact_string(std::string_view text, int depth) const {
    if (depth < depth_max && can_be_json(text)) {
        if (auto inner = redact_valid_json(text, depth + 1)) return std::move(*inner);
    }
    return redact(text);
}

std::optional<std::string> pattern_set::redact_valid_json(std::string_view text, int depth) const {
    std::string out;
    out.reserve(text.size());
    bool secret_follows = false;
    const bool whole = walk_json(text, [&](json_piece piece, std::string_view written) {
        if (piece == json_piece::other) {
            out += written;
            // The value of a secret is a string: an object or a list is looked into as any other.
            if (written == "{" || written == "[" || written == ",") secret_follows = false;
            return;
        }
        if (piece == json_piece::number) {
            const auto found = find_all(written);
            if (found.empty()) {
                out += written;
            } else {
                append_json_string(out, redact(written));
            }
            return;
        }
        const std::string said = read_json_string(written);
        std::string kept = secret_follows && piece == json_piece::text && is_secret_value(said)
                               ? std::string(secret)
                               : redact_string(said, depth);
        secret_follows = piece == json_piece::key && is_secret_name(said);
        if (kept == said) {
            out += written;
        } else {
            append_json_string(out, kept);
        }
    });
    return whole ? std::optional(std::move(out)) : std::nullopt;
}

std::string pattern_set::redact_broken_json(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    walk_broken_json(text, [&](json_piece piece, std::string_view written) {
        if (piece == json_piece::other) {
            out += written;
            return;
        }
        const std::string said = read_json_string(written);
        const std::string kept = redact_string(said, 0);
        if (kept == said) {
            out += written;
        } else {
            append_json_string(out, kept);
        }
    });
    return redact(out);
}

std::string pattern_set::redact_json(std::string_view text) const {
    if (auto redacted = redact_valid_json(text, 0)) return std::move(*redacted);
    // What is taken out can hold a quotation mark, and then other strings stand between the rest.
    std::string current(text);
    for (int pass = 0; pass < passes_max; ++pass) {
        std::string next = redact_broken_json(current);
        if (next == current) return current;
        current = std::move(next);
    }
    return "[redacted:text]";
}

bool pattern_set::contains_in_json(std::size_t index, std::string_view text, int depth) const {
    constexpr auto key = static_cast<std::size_t>(builtin_pattern::key);
    bool found = false;
    bool secret_follows = false;
    const auto look = [&](json_piece piece, std::string_view written) {
        if (found) return;
        if (piece == json_piece::other) {
            if (written == "{" || written == "[" || written == ",") secret_follows = false;
            return;
        }
        if (piece == json_piece::number) {
            found = contains(index, written);
            return;
        }
        const std::string said = read_json_string(written);
        found =
            contains(index, said) || (index == key && secret_follows && is_secret_value(said)) ||
            (depth < depth_max && can_be_json(said) && contains_in_json(index, said, depth + 1));
        secret_follows = piece == json_piece::key && is_secret_name(said);
    };
    if (walk_json(text, look) || found) return found;
    // A string in JSON that is no JSON has been looked at as a text already.
    if (depth > 0) return false;
    walk_broken_json(text, look);
    return found || contains(index, text);
}

bool pattern_set::contains_in_json(std::size_t index, std::string_view text) const {
    return contains_in_json(index, text, 0);
}

}  // namespace tallyfs::policy
