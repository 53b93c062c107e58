// A log_line_prefix made ready to read lines with.
// Format: PostgreSQL, "log_line_prefix"; forging: docs/audit.md, "What is read".
#pragma once

#include "audit/prefix_fields.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

class prefix_pattern {
  public:
    explicit prefix_pattern(std::string_view format);

    enum class line : std::uint8_t {
        whole,      ///< prefix and severity
        ambiguous,  ///< can be read in two ways: a name holds what looks like a severity
        torn,       ///< begins like a prefix, up to a name, and has no severity
        foreign,    ///< a severity in another language
        other,
    };
    /// `into` is filled in for whole and ambiguous (the way that ends first), and as far as it goes
    /// for torn.
    line read(std::string_view text, prefix_fields& into);

    /// Whether it has escapes of the kind: 'u', 'd', …
    [[nodiscard]] bool has(char escape) const noexcept {
        return kinds_.find(escape) != kinds_.npos;
    }
    /// How far behind the first name of a line its severity can be: up to there a name can have
    /// written.
    [[nodiscard]] std::size_t reach() const noexcept { return reach_; }

  private:
    struct item {
        char escape = 0;      ///< 0: a literal
        bool padded = false;  ///< blanks may stand around it
        std::string literal;
    };
    bool match(std::size_t item_index, std::size_t at);
    bool match_open(std::size_t item_index, std::size_t at);
    bool match_end(std::size_t at);
    bool try_read(std::string_view text, std::size_t severity_from, prefix_fields& into);
    void prefer_long_user(prefix_fields& into);
    bool is_ambiguous(const prefix_fields& first);
    bool begins(prefix_fields& into);

    std::vector<item> items_;
    std::string kinds_;
    std::size_t reach_ = 0;
    bool has_names_ = false;  ///< %u, %d or %a

    // Of the line that is read.
    std::string_view text_;
    prefix_fields* into_ = nullptr;
    std::size_t severity_from_ = 0;
    std::size_t severity_until_ = 0;
    int steps_ = 0;
    bool any_severity_ = false;
    bool longest_user_ = false;
};

}  // namespace tallyfs::audit
