#include "dialect/folding.hpp"

#include <tallyfs/dialect/request.hpp>

#include <algorithm>

namespace tallyfs::dialect {
namespace {

constexpr std::string_view wanted = R"("include_usage":true)";

/// Walks over the text of a JSON object that is known to be valid.
class text_walker {
  public:
    explicit text_walker(std::string_view text) : text_(text) {}

    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
    void skip_space() {
        position_ = std::min(text_.find_first_not_of(" \t\r\n", position_), text_.size());
    }
    void skip_byte() { ++position_; }

    /// From a quote to behind the closing one; what is between is returned as written.
    std::string_view take_string() {
        const auto begin = ++position_;
        auto end = text_.find('"', begin);
        while (end != std::string_view::npos && is_escaped(begin, end))
            end = text_.find('"', end + 1);
        end = std::min(end, text_.size());
        position_ = std::min(end + 1, text_.size());
        return text_.substr(begin, end - begin);
    }

    void skip_value() {
        std::size_t depth = 0;
        while (position_ < text_.size()) {
            position_ = text_.find_first_of("\"{}[],", position_);
            if (position_ == std::string_view::npos) position_ = text_.size();
            const char found = peek();
            if (found == '"') {
                take_string();
                continue;
            }
            const bool closes = found == '}' || found == ']';
            if (depth == 0 && (closes || found == ',')) return;
            if (found == '{' || found == '[') ++depth;
            if (closes) --depth;
            skip_byte();
        }
    }

  private:
    /// An odd number of backslashes stands before the quote at `end`.
    [[nodiscard]] bool is_escaped(std::size_t begin, std::size_t end) const {
        const auto string = text_.substr(begin, end - begin);
        const auto last_other = string.find_last_not_of('\\');
        const auto backslashes =
            last_other == string.npos ? string.size() : string.size() - 1 - last_other;
        return backslashes % 2 == 1;
    }

    std::string_view text_;
    std::size_t position_ = 0;
};

/// A key can be written with escapes: "stream\u005foptions" is the same key.
std::string unescaped_ascii(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        if (!text.starts_with("\\u") || text.size() < 6) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        unsigned code = 0;
        for (const char digit : text.substr(2, 4)) {
            const auto lower = static_cast<char>(digit | 0x20);
            code = code * 16 + static_cast<unsigned>(digit <= '9' ? digit - '0' : lower - 'a' + 10);
        }
        if (code == 0x17F) code = 's';  // the letters outside ASCII that fold into it
        if (code == 0x212A) code = 'k';
        out += code < 0x80 ? static_cast<char>(code) : '?';
        text.remove_prefix(6);
    }
    return out;
}

struct found_places {
    std::size_t root = std::string_view::npos;     ///< behind the root's opening brace
    std::size_t options = std::string_view::npos;  ///< the last value of stream_options
};

found_places find_places(std::string_view body) {
    found_places found;
    text_walker walker(body);
    walker.skip_space();
    if (walker.peek() != '{') return found;
    walker.skip_byte();
    found.root = walker.position();
    while (walker.peek() != '\0') {
        walker.skip_space();
        if (walker.peek() != '"') break;
        const auto key = unescaped_ascii(walker.take_string());
        walker.skip_space();
        walker.skip_byte();  // the colon
        walker.skip_space();
        if (key_matches(key, "stream_options")) found.options = walker.position();
        walker.skip_value();
        if (walker.peek() != ',') break;
        walker.skip_byte();
    }
    return found;
}

}  // namespace

std::optional<std::string> ask_for_usage(std::string_view body, const request_report& report) {
    if (!report.readable || !report.stream || report.include_usage) return std::nullopt;
    const auto found = find_places(body);
    if (found.root == std::string_view::npos) return std::nullopt;

    std::string edited;
    edited.reserve(body.size() + 64);
    const auto rest_from = [body](std::size_t position) { return body.substr(position); };
    if (found.options == std::string_view::npos) {
        // The root has at least `stream`: what follows the insertion is a member.
        edited.append(body.substr(0, found.root)).append(R"("stream_options":{)").append(wanted);
        return edited.append("},").append(rest_from(found.root));
    }
    const auto value = rest_from(found.options);
    if (value.starts_with("null")) {
        edited.append(body.substr(0, found.options)).append("{").append(wanted).append("}");
        return edited.append(value.substr(4));
    }
    if (!value.starts_with('{')) return std::nullopt;
    const auto member = std::min(value.find_first_not_of(" \t\r\n", 1), value.size() - 1);
    edited.append(body.substr(0, found.options + 1)).append(wanted);
    if (value[member] != '}') edited += ',';
    return edited.append(value.substr(1));
}

}  // namespace tallyfs::dialect
