#include <standin/plan.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::standin {
namespace {

constexpr std::array<std::string_view, 32> words{
    " river", " near",  " songs", " summer", " far",    " quick", " fox",   " over",
    " lazy",  " dog",   " small", " hills",  " bright", " away",  " water", " stones",
    " trees", " under", " cold",  " sky",    " warm",   " rain",  " old",   " green",
    " birds", " sing",  " stand", " tall",   " runs",   " into",  " then",  " where"};

// num_keep's default, and the begin-of-text token that Ollama keeps with it.
constexpr std::int64_t kept_tokens = 4 + 1;

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// FNV-1a, 64 bits: the same on every machine, which std::hash does not promise.
std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 14695981039346656037ull;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ull;
    }
    return hash;
}

std::string_view word_at(std::uint64_t seed, std::int64_t index) noexcept {
    std::uint64_t mixed = seed + static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15ull;
    mixed ^= mixed >> 29;
    mixed *= 0xbf58476d1ce4e5b9ull;
    return words[(mixed >> 32) % words.size()];
}

}  // namespace

std::int64_t count_tokens(std::string_view text) noexcept {
    std::int64_t tokens = 0;
    bool inside = false;
    for (const char c : text) {
        const bool blank = is_blank(c);
        if (!blank && !inside) ++tokens;
        inside = !blank;
    }
    return tokens;
}

std::string_view answer_word(std::string_view prompt, std::int64_t index) noexcept {
    return word_at(hash_of(prompt), index);
}

std::int64_t natural_words(std::string_view prompt) noexcept {
    return 8 + static_cast<std::int64_t>(hash_of(prompt) % 33);
}

answer_plan plan_answer(std::string_view prompt, std::int64_t output_tokens_max,
                        std::int64_t context_length) {
    answer_plan plan;
    plan.prompt_tokens = count_tokens(prompt);
    if (context_length > 1 && plan.prompt_tokens > context_length - 1) {
        const auto keep = std::min(kept_tokens, context_length - 1);
        plan.prompt_tokens =
            context_length - std::max<std::int64_t>((context_length - keep) / 2, 1);
        plan.prompt_cut = true;
    }
    plan.words = natural_words(prompt);
    plan.output_tokens = plan.words + 1;  // the end token is counted
    plan.done_reason = "stop";
    if (output_tokens_max > 0 && output_tokens_max <= plan.words) {
        plan.words = plan.output_tokens = output_tokens_max;
        plan.done_reason = "length";
    }
    const auto seed = hash_of(prompt);
    for (std::int64_t i = 0; i < plan.words; ++i) plan.text += word_at(seed, i);
    return plan;
}

}  // namespace tallyfs::standin
