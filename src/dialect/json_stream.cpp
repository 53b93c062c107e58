#include "dialect/json_stream.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <array>
#include <string>
#include <vector>

namespace tallyfs::dialect {
namespace {

namespace json = boost::json;
using error_code = json::error_code;
using text_view = json::string_view;

// Go's own limit (maxNestingDepth of encoding/json): what is deeper Ollama refuses too.
constexpr std::size_t depth_max = 10000;
// Longer than every key that is looked for, and than every number that is kept.
constexpr std::size_t token_bytes_max = 64;

/// The first bytes of a token that can arrive in pieces.
class short_text {
  public:
    void clear() noexcept { size_ = 0; }
    void append(std::string_view piece) noexcept {
        const auto size = std::min(piece.size(), token_bytes_max - size_);
        piece.copy(bytes_.data() + size_, size);
        size_ += size;
    }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

  private:
    std::array<char, token_bytes_max> bytes_{};
    std::size_t size_ = 0;
};

/// What Boost's parser calls: keeps the path and passes on what the sink wants.
struct event_handler {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    struct level {
        json_place place;
        bool is_object;
    };

    explicit event_handler(json_sink& receiver) : sink(receiver) { levels.reserve(64); }

    void reset() {
        levels.clear();
        key_text.clear();
        number_text.clear();
        next_place = place_root;
        ignored_depth = 0;
        in_text = numbers_ignored = complete = false;
    }

    /// The place of the value that begins now.
    json_place place_of_value() {
        if (ignored_depth > 0) return place_ignored;
        if (levels.empty() || levels.back().is_object) return next_place;
        return sink.element(levels.back().place);
    }

    bool open(bool is_object) {
        numbers_ignored = false;
        const auto place = place_of_value();
        if (place == place_ignored) {
            ++ignored_depth;
            return true;
        }
        levels.push_back({place, is_object});
        sink.open(place, is_object);
        return true;
    }

    bool close() {
        numbers_ignored = false;
        if (ignored_depth > 0) {
            --ignored_depth;
            return true;
        }
        const auto closed = levels.back();
        levels.pop_back();
        sink.close(closed.place, closed.is_object);
        complete = levels.empty() && closed.is_object;
        return true;
    }

    bool text(std::string_view piece, bool last) {
        numbers_ignored = false;
        if (ignored_depth > 0) return true;
        if (!in_text) text_place = place_of_value();
        in_text = !last;
        if (text_place != place_ignored) sink.text(text_place, piece, last);
        return true;
    }

    bool number(text_view rest, std::int64_t integer, bool is_integer, double real) {
        if (ignored_depth > 0) {
            numbers_ignored = true;
            return true;
        }
        number_text.append({rest.data(), rest.size()});
        const auto place = place_of_value();
        if (place != place_ignored)
            sink.number(place, {integer, is_integer, real, number_text.view()});
        number_text.clear();
        numbers_ignored = place == place_ignored && !levels.empty() && !levels.back().is_object;
        return true;
    }

    // The names and signatures below are those that basic_parser asks for.
    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open(true); }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code&) { return open(false); }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(text_view piece, std::size_t, error_code&) {
        numbers_ignored = false;
        if (ignored_depth > 0) return true;
        key_text.append({piece.data(), piece.size()});
        sink.key(levels.back().place, {piece.data(), piece.size()}, false);
        return true;
    }
    bool on_key(text_view piece, std::size_t, error_code&) {
        numbers_ignored = false;
        if (ignored_depth > 0) return true;
        const auto object = levels.back().place;
        sink.key(object, {piece.data(), piece.size()}, true);
        key_text.append({piece.data(), piece.size()});
        next_place = sink.member(object, key_text.view());
        key_text.clear();
        return true;
    }
    bool on_string_part(text_view piece, std::size_t, error_code&) {
        return text({piece.data(), piece.size()}, false);
    }
    bool on_string(text_view piece, std::size_t, error_code&) {
        return text({piece.data(), piece.size()}, true);
    }
    bool on_number_part(text_view piece, error_code&) {
        if (ignored_depth == 0) number_text.append({piece.data(), piece.size()});
        return true;
    }
    bool on_int64(std::int64_t value, text_view rest, error_code&) {
        return number(rest, value, true, static_cast<double>(value));
    }
    bool on_uint64(std::uint64_t value, text_view rest, error_code&) {
        return number(rest, INT64_MAX, true, static_cast<double>(value));
    }
    bool on_double(double value, text_view rest, error_code&) {
        return number(rest, 0, false, value);
    }
    bool on_bool(bool value, error_code&) {
        numbers_ignored = false;
        if (const auto place = place_of_value(); place != place_ignored) sink.boolean(place, value);
        return true;
    }
    bool on_null(error_code&) {
        numbers_ignored = false;
        if (const auto place = place_of_value(); place != place_ignored) sink.null(place);
        return true;
    }
    bool on_comment_part(text_view, error_code&) { return true; }
    bool on_comment(text_view, error_code&) { return true; }

    json_sink& sink;
    std::vector<level> levels;
    short_text key_text;
    short_text number_text;
    json_place next_place = place_root;
    json_place text_place = place_ignored;
    std::size_t ignored_depth = 0;
    bool in_text = false;
    bool numbers_ignored = false;  // the last events were numbers that the sink ignores
    bool complete = false;
};

json::parse_options lenient_options() {
    json::parse_options options;
    options.max_depth = depth_max;
    options.allow_invalid_utf8 = true;
    return options;
}

/// Everybody who reads JSON refuses it.
bool is_no_json(const error_code& why) {
    return why == json::error::syntax || why == json::error::incomplete ||
           why == json::error::expected_hex_digit;
}

}  // namespace

struct json_stream::implementation {
    explicit implementation(json_sink& sink) : parser(lenient_options(), sink) {}
    json::basic_parser<event_handler> parser;
    bool failed = false;
    bool over_limit = false;
    char last_byte = 0;
};

json_stream::json_stream(json_sink& sink)
    : implementation_(std::make_unique<implementation>(sink)) {}

json_stream::~json_stream() = default;

void json_stream::reset() {
    implementation_->parser.reset();
    implementation_->parser.handler().reset();
    implementation_->failed = implementation_->over_limit = false;
    implementation_->last_byte = 0;
}

void json_stream::feed(std::string_view bytes) {
    auto& self = *implementation_;
    if (bytes.empty() || self.failed || self.parser.handler().complete) return;
    error_code error;
    self.parser.write_some(true, bytes.data(), bytes.size(), error);
    // A document that is no object ends here as well: `done` without `complete`.
    self.failed = error.failed() || self.parser.done();
    self.over_limit = error.failed() && !is_no_json(error);
    self.last_byte = bytes.back();
}

bool json_stream::over_limit() const noexcept {
    return implementation_->over_limit;
}

bool json_stream::complete() const noexcept {
    return implementation_->parser.handler().complete;
}

bool json_stream::in_ignored_numbers() const noexcept {
    // Behind a digit, a number is going on or has ended: whole elements can be taken out there.
    return implementation_->parser.handler().numbers_ignored && !implementation_->failed &&
           implementation_->last_byte >= '0' && implementation_->last_byte <= '9';
}

}  // namespace tallyfs::dialect
