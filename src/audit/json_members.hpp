// The members of a JSON object without nesting, one after the other and without a copy.
// Format: RFC 8259.
#pragma once

#include <string>
#include <string_view>

namespace tallyfs::audit {

struct json_member {
    std::string_view name;   ///< as it stands between its quotes
    std::string_view value;  ///< between its quotes, with its escapes; or the number or word
    bool is_text = false;
    bool has_escapes = false;  ///< in the value
};

class json_members {
  public:
    /// `cut`: the object may end anywhere, and a text that does not end counts as far as it goes.
    json_members(std::string_view object, bool cut) : rest_(object), cut_(cut) {}

    /// False at the end, or where it is no such object.
    bool next(json_member& into);
    /// After the end: whether it was an object, and nothing behind it.
    [[nodiscard]] bool good() const noexcept { return good_; }

  private:
    void skip_blanks();
    bool take(char expected);
    bool take_text(std::string_view& text, bool& has_escapes);
    bool take_scalar(std::string_view& text);
    bool end();

    std::string_view rest_;
    bool cut_;
    bool begun_ = false;
    bool good_ = false;
};

/// Appends what a text with escapes stands for, in UTF-8; half of a character beyond 0xffff becomes
/// U+FFFD. False: an escape that is none. One that is cut off at the end is left out.
[[nodiscard]] bool append_unescaped(std::string& out, std::string_view text);

}  // namespace tallyfs::audit
