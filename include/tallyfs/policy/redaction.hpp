// What must not be kept or sent: addresses, account numbers, keys, and patterns of the user.
// Format: docs/policies.md, "Redaction"; of patterns: RE2 (https://github.com/google/re2/wiki).
#pragma once

#include <tallyfs/policy/text_error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace tallyfs::policy {

/// The rules that are always there, in the order of their indexes.
enum class builtin_pattern : std::uint8_t { email, iban, card, key, private_key };
inline constexpr std::size_t builtin_patterns = 5;
[[nodiscard]] std::string_view to_string(builtin_pattern value) noexcept;

/// A place where a pattern was found.
struct found_span {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t pattern = 0;  ///< index in the pattern_set
};

/// The built-in rules and the named patterns of the user. Immutable: const members from any
/// thread. Everything here takes time linear in the text, whatever the text is.
class pattern_set {
  public:
    /// Together with the built-in ones fewer than the 64 bits of a mask.
    static constexpr std::size_t own_patterns_max = 32;
    static constexpr std::size_t expression_bytes_max = 1000;
    /// Instructions of the compiled pattern: a list of a hundred words. Where RE2's automaton grows
    /// too large, each byte costs as many steps.
    static constexpr int program_size_max = 1000;
    /// A find of a user's pattern is at most this long; of a longer one, the parts of it.
    static constexpr std::size_t match_bytes_max = 2048;

    /// The built-in rules only.
    pattern_set() = default;
    /// Each text is one RE2 expression; names as [a-z0-9_-], up to 32. Refused: what RE2 cannot
    /// compile, what is too large, what matches where nothing is.
    [[nodiscard]] static parsed<pattern_set> build(std::span<const named_text> own);

    [[nodiscard]] std::size_t size() const noexcept { return builtin_patterns + own_.size(); }
    [[nodiscard]] std::string_view name(std::size_t index) const;
    [[nodiscard]] std::optional<std::size_t> index_of(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> names() const;

    /// Whether the pattern of that index is somewhere in the text.
    [[nodiscard]] bool contains(std::size_t index, std::string_view text) const;
    /// … in a string, a key or a number of the JSON document, escapes read; as contains() if the
    /// text is no JSON.
    [[nodiscard]] bool contains_in_json(std::size_t index, std::string_view text) const;
    /// The names of the patterns that are in the text, in the order of their indexes.
    [[nodiscard]] std::vector<std::string_view> find(std::string_view text) const;

    /// The text with every find replaced by `[redacted:NAME]`. Doing it again changes nothing.
    [[nodiscard]] std::string redact(std::string_view text) const;
    /// The same inside the strings, keys and numbers of a JSON document, or of several one after
    /// the other (a line each): escapes are read first, the structure is kept, and what holds no
    /// find is kept byte for byte. A string that is JSON itself is looked into. A text that is no
    /// JSON, or was cut, is redacted string by string and then as a whole.
    [[nodiscard]] std::string redact_json(std::string_view text) const;

  private:
    struct own_pattern {
        std::string name;
        std::shared_ptr<const re2::RE2> expression;
    };

    void find_own(std::size_t index, std::string_view text, std::vector<found_span>& out) const;
    void find_one(std::size_t index, std::string_view text, std::vector<found_span>& out) const;
    [[nodiscard]] std::vector<found_span> find_all(std::string_view text) const;
    [[nodiscard]] std::string replace(std::string_view text,
                                      std::span<const found_span> spans) const;
    /// One marker of this set and nothing else.
    [[nodiscard]] bool is_marker(std::string_view text) const;
    /// What stands under the name of a secret, in JSON: words too, no sentence goes on behind it.
    [[nodiscard]] bool is_secret_value(std::string_view text) const;
    [[nodiscard]] std::string redact_string(std::string_view text, int depth) const;
    [[nodiscard]] std::optional<std::string> redact_valid_json(std::string_view text,
                                                               int depth) const;
    [[nodiscard]] std::string redact_broken_json(std::string_view text) const;
    [[nodiscard]] bool contains_in_json(std::size_t index, std::string_view text, int depth) const;

    std::vector<own_pattern> own_;
};

}  // namespace tallyfs::policy
