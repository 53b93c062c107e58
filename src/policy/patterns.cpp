#include "policy/finders.hpp"
#include "policy/words.hpp"

#include <tallyfs/policy/redaction.hpp>

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace tallyfs::policy {

namespace {

constexpr std::array<std::string_view, builtin_patterns> builtin_names{"email", "iban", "card",
                                                                       "key", "private_key"};
constexpr std::size_t pattern_name_bytes_max = 32;
constexpr std::int64_t pattern_memory_bytes_max = 4 << 20;  // the program and its automaton

/// A user's pattern may need to look to the end of the text for every find: so it looks at pieces
/// of this size, each from the middle of the one before.
constexpr std::size_t piece_bytes = 2 * pattern_set::match_bytes_max;
/// A find in 16 bytes; beyond it the piece is nothing but finds, and is taken as one.
constexpr int finds_in_piece_max = 128;

bool is_pattern_name(std::string_view name) {
    return !name.empty() && name.size() <= pattern_name_bytes_max &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
           });
}

/// Whether it matches somewhere without a character. The places of this text are all that
/// expressions can tell apart: begin and end of the text, of lines, of words.
bool matches_nothing(const re2::RE2& expression) {
    constexpr std::string_view places = "a \n\na";
    for (const std::string_view text : {std::string_view(), places}) {
        for (std::size_t at = 0; at <= text.size(); ++at) {
            if (expression.Match({text.data(), text.size()}, at, at, re2::RE2::ANCHOR_BOTH, nullptr,
                                 0)) {
                return true;
            }
        }
    }
    return false;
}

parsed<std::shared_ptr<const re2::RE2>> compile(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.empty()) return error_at({}, "nothing is written here");
    if (text.size() > pattern_set::expression_bytes_max) {
        return error_at(
            {}, "longer than " + std::to_string(pattern_set::expression_bytes_max) + " bytes");
    }
    if (const auto line = text.find('\n'); line != std::string_view::npos) {
        return error_at({.text = {}, .column = line + 1},
                        "a second line begins here, one pattern is allowed");
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(pattern_memory_bytes_max);
    auto expression =
        std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    if (!expression->ok()) {
        const auto& wrong = expression->error_arg();
        const auto at = wrong.empty() ? std::string_view::npos : text.find(wrong);
        const word place{.text = {}, .column = at == std::string_view::npos ? 0 : at + 1};
        return error_at(place, "no RE2 expression: " + expression->error());
    }
    if (expression->ProgramSize() > pattern_set::program_size_max) {
        return error_at({}, "too large: counted repetitions multiply what they repeat");
    }
    if (matches_nothing(*expression)) {
        return error_at({}, "matches where nothing is: use + in place of *, or name a character");
    }
    return expression;
}

}  // namespace

std::string_view to_string(builtin_pattern value) noexcept {
    return builtin_names[static_cast<std::size_t>(value)];
}

parsed<pattern_set> pattern_set::build(std::span<const named_text> own) {
    pattern_set built;
    if (own.size() > own_patterns_max) {
        return error_at({}, "more than " + std::to_string(own_patterns_max) + " patterns");
    }
    for (const auto& [name, text] : own) {
        const auto failed = [&name = name](text_error error) {
            error.name = name;
            return error;
        };
        if (!is_pattern_name(name) || name == "text") {
            return failed(error_at({}, "a pattern's name is made of a-z, 0-9, - and _, at most " +
                                           std::to_string(pattern_name_bytes_max)));
        }
        if (built.index_of(name)) return failed(error_at({}, "there is a pattern of this name"));
        auto expression = compile(text);
        if (!expression) return failed(expression.error());
        built.own_.push_back({name, std::move(*expression)});
    }
    return built;
}

std::string_view pattern_set::name(std::size_t index) const {
    return index < builtin_patterns ? builtin_names[index]
                                    : std::string_view(own_.at(index - builtin_patterns).name);
}

std::optional<std::size_t> pattern_set::index_of(std::string_view name) const {
    for (std::size_t index = 0; index < size(); ++index) {
        if (this->name(index) == name) return index;
    }
    return std::nullopt;
}

std::vector<std::string_view> pattern_set::names() const {
    std::vector<std::string_view> all;
    for (std::size_t index = 0; index < size(); ++index) all.push_back(name(index));
    return all;
}

void pattern_set::find_own(std::size_t index, std::string_view text,
                           std::vector<found_span>& out) const {
    const re2::RE2& expression = *own_[index - builtin_patterns].expression;
    const re2::StringPiece whole(text.data(), text.size());
    for (std::size_t piece = 0; piece < text.size();) {
        const std::size_t piece_end = std::min(piece + piece_bytes, text.size());
        // A find that begins in the second half is left to the next piece, which sees it whole.
        const std::size_t half = piece_end == text.size() ? piece_end : piece + match_bytes_max;
        std::size_t at = piece;
        for (int finds = 0; at < half; ++finds) {
            re2::StringPiece match;
            if (!expression.Match(whole, at, piece_end, re2::RE2::UNANCHORED, &match, 1)) break;
            const auto begin = static_cast<std::size_t>(match.data() - text.data());
            if (begin >= half) break;
            const std::size_t end = std::max(begin + match.size(), begin + 1);
            if (finds == finds_in_piece_max) {
                out.push_back({piece, half, index});
                at = half;
                break;
            }
            out.push_back({begin, end, index});
            at = end;
        }
        piece = std::max(half, at);
    }
}

void pattern_set::find_one(std::size_t index, std::string_view text,
                           std::vector<found_span>& out) const {
    if (index < builtin_patterns) {
        find_builtin(static_cast<builtin_pattern>(index), text, out);
    } else if (index < size()) {
        find_own(index, text, out);
    }
}

bool pattern_set::contains(std::size_t index, std::string_view text) const {
    std::vector<found_span> found;
    find_one(index, text, found);
    return !found.empty();
}

std::vector<std::string_view> pattern_set::find(std::string_view text) const {
    std::vector<std::string_view> found;
    for (std::size_t index = 0; index < size(); ++index) {
        if (contains(index, text)) found.push_back(name(index));
    }
    return found;
}

}  // namespace tallyfs::policy
