// Words of key=value, as people write them into a file of the mount: taken off a text one by one.
// Formats: docs/databases.md, "Registering"; docs/audit.md, "Noise" and "Expected work".
#pragma once

#include <string>
#include <string_view>

namespace tallyfs {

/// The text outlives it. Blanks are spaces, tabs and ends of lines. What it returns was checked by
/// nobody. Not thread-safe.
class word_scanner {
  public:
    explicit word_scanner(std::string_view text) : rest_(text) {}

    void skip_blanks();
    void skip_line();
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
    /// What stands up to the next blank; it is not taken.
    [[nodiscard]] std::string_view word() const noexcept;
    /// Up to '=', which is taken as well; "" where a blank, a quote or the end comes first.
    std::string_view key();
    /// A word, or what stands in quotes, in which \ goes before " and \; added to `into`. False
    /// for quotes that are not around a whole value.
    bool value(std::string& into);

  private:
    bool quoted(std::string& into);

    std::string_view rest_;
};

}  // namespace tallyfs
