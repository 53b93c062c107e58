// What the stand-in answers to a prompt: text and token counts that a test can compute beforehand.
// Source: none, the rule is ours (a token is a word); docs/ollama.md says what a real Ollama does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::standin {

/// The stand-in's tokens: words, separated by blanks, tabs or line ends.
[[nodiscard]] std::int64_t count_tokens(std::string_view text) noexcept;

/// The word that token `index` of the answer to `prompt` is, with a leading blank (" river").
[[nodiscard]] std::string_view answer_word(std::string_view prompt, std::int64_t index) noexcept;

/// How many words the answer to `prompt` has when nothing limits it: 8 to 40.
[[nodiscard]] std::int64_t natural_words(std::string_view prompt) noexcept;

struct answer_plan {
    std::int64_t prompt_tokens = 0;  ///< after a cut at the context length
    bool prompt_cut = false;
    std::int64_t output_tokens = 0;  ///< as reported: one more than the words if it ended by itself
    std::int64_t words = 0;
    std::string text;         ///< all words of the answer
    std::string done_reason;  ///< "stop", or "length" if `output_tokens_max` ended it
};

/// `prompt` is the text of the prompt or of all messages, system first, joined with line ends.
/// `output_tokens_max` <= 0 means no limit. A prompt of `context_length` tokens or more is cut
/// as Ollama cuts it: of what num_keep (4, and the begin token) leaves over, half is dropped.
[[nodiscard]] answer_plan plan_answer(std::string_view prompt, std::int64_t output_tokens_max,
                                      std::int64_t context_length);

}  // namespace tallyfs::standin
