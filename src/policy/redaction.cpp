#include "policy/finders.hpp"

#include <tallyfs/policy/redaction.hpp>

#include <algorithm>

namespace tallyfs::policy {

namespace {

constexpr std::string_view marker_begin = "[redacted:";
constexpr std::size_t marker_name_bytes_max = 32;  // as pattern names have
/// What is left beside a find can be a find by itself now that its neighbour is gone. One more
/// look is enough for any text that people write; what needs more was made to.
constexpr int passes_max = 6;
constexpr std::string_view whole_text = "text";  // where nothing else helps

/// Behind the marker that begins at `at`; `at` if there is none. Only names that are markers of
/// this set: else a number could hide as the name of one.
std::size_t marker_end(const pattern_set& patterns, std::string_view text, std::size_t at) {
    const std::size_t name_at = at + marker_begin.size();
    const auto name = text.substr(name_at, marker_name_bytes_max + 1);
    const auto size = name.find(']');
    if (size == std::string_view::npos) return at;
    const bool ours = name.substr(0, size) == whole_text || patterns.index_of(name.substr(0, size));
    return ours ? name_at + size + 1 : at;
}

/// Calls `each(begin, end)` for what stands between markers.
template <class Each>
void between_markers(const pattern_set& patterns, std::string_view text, Each&& each) {
    std::size_t begin = 0;
    for (std::size_t at = text.find(marker_begin); at != std::string_view::npos;
         at = text.find(marker_begin, at)) {
        const std::size_t end = marker_end(patterns, text, at);
        if (end > at) {
            if (at > begin) each(begin, at);
            begin = end;
        }
        at = std::max(end, at + 1);
    }
    if (begin < text.size()) each(begin, text.size());
}

}  // namespace

void find_builtin(builtin_pattern pattern, std::string_view text, std::vector<found_span>& out) {
    switch (pattern) {
        case builtin_pattern::email:
            return find_emails(text, out);
        case builtin_pattern::iban:
            return find_ibans(text, out);
        case builtin_pattern::card:
            return find_cards(text, out);
        case builtin_pattern::key:
            return find_keys(text, out);
        case builtin_pattern::private_key:
            return find_private_keys(text, out);
    }
}

std::vector<found_span> pattern_set::find_all(std::string_view text) const {
    std::vector<found_span> found;
    between_markers(*this, text, [&](std::size_t begin, std::size_t end) {
        const std::size_t known = found.size();
        for (std::size_t index = 0; index < size(); ++index) {
            find_one(index, text.substr(begin, end - begin), found);
        }
        for (auto& span : std::span(found).subspan(known)) {
            span.begin += begin;
            span.end += begin;
        }
    });
    const auto earlier_and_longer = [](const found_span& a, const found_span& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    };
    std::ranges::stable_sort(found, earlier_and_longer);
    return found;
}

bool pattern_set::is_marker(std::string_view text) const {
    return text.starts_with(marker_begin) && marker_end(*this, text, 0) == text.size();
}

std::string pattern_set::replace(std::string_view text, std::span<const found_span> spans) const {
    std::string out;
    out.reserve(text.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < spans.size();) {
        // Finds that overlap are one, under the name of the first.
        const found_span& first = spans[i];
        std::size_t end = first.end;
        for (++i; i < spans.size() && spans[i].begin < end; ++i) end = std::max(end, spans[i].end);
        out.append(text, at, first.begin - at);
        out += marker_begin;
        out += name(first.pattern);
        out += ']';
        at = end;
    }
    out.append(text, at);
    return out;
}

std::string pattern_set::redact(std::string_view text) const {
    std::string current(text);
    for (int pass = 0; pass < passes_max; ++pass) {
        const auto found = find_all(current);
        if (found.empty()) return current;
        current = replace(current, found);
    }
    return std::string(marker_begin) + std::string(whole_text) + ']';
}

}  // namespace tallyfs::policy
