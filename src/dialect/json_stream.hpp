// Reads one JSON document as its bytes arrive and hands on the values at places that a sink
// knows; everything else is skipped, so memory does not grow with the document.
// Format: RFC 8259, read as leniently as Go's encoding/json reads bytes that are not UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tallyfs::dialect {

/// A place in a document, numbered by the sink. What is at place_ignored is skipped.
using json_place = std::uint8_t;
inline constexpr json_place place_ignored = 0;
inline constexpr json_place place_root = 1;

[[nodiscard]] constexpr json_place place_if(bool wanted, json_place place) noexcept {
    return wanted ? place : place_ignored;
}

struct json_number {
    std::int64_t integer = 0;  ///< clipped to the range where the number is outside it
    bool is_integer = false;   ///< written without fraction and exponent
    double real = 0;
    std::string_view text;  ///< as written, its first 64 bytes; valid during the call only
};

/// Receives a document's values in order. Pieces of text arrive as the bytes do; they are
/// unescaped and valid during the call only.
class json_sink {
  public:
    json_sink() = default;
    json_sink(const json_sink&) = delete;
    json_sink& operator=(const json_sink&) = delete;
    virtual ~json_sink() = default;

    /// The place of the value under `key` (its first 64 bytes) of the object at `object`.
    virtual json_place member(json_place object, std::string_view key) = 0;
    /// The place of the next element of the array at `array`.
    virtual json_place element(json_place array) = 0;
    virtual void open(json_place place, bool is_object) = 0;
    virtual void close(json_place place, bool is_object) = 0;
    /// A key of the object at `object`; member() is asked after the last piece.
    virtual void key(json_place /*object*/, std::string_view /*piece*/, bool /*last*/) {}
    virtual void text(json_place place, std::string_view piece, bool last) = 0;
    virtual void number(json_place place, const json_number& value) = 0;
    virtual void boolean(json_place place, bool value) = 0;
    virtual void null(json_place place) = 0;
};

/// One thread at a time. `sink` must outlive it.
class json_stream {
  public:
    explicit json_stream(json_sink& sink);
    ~json_stream();

    /// Ready for the next document; keeps its buffers.
    void reset();
    /// Bytes after the end of the document are ignored, as Ollama ignores them.
    void feed(std::string_view bytes);
    /// The root was an object and was closed.
    [[nodiscard]] bool complete() const noexcept;
    /// The document ended early for another reason than RFC 8259's grammar: a number or a depth
    /// that is too much here may not be elsewhere.
    [[nodiscard]] bool over_limit() const noexcept;
    /// What comes next continues a list of numbers that nobody looks at: further ones can be
    /// left out, each with its comma, without changing what is reported.
    [[nodiscard]] bool in_ignored_numbers() const noexcept;

  private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::dialect
