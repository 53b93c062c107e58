// Reads a form as it arrives: names of its fields, and their content in pieces.
// Format: RFC 7578 and RFC 2046, section 5.1, as Go's mime/multipart reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

class form_sink {
  public:
    form_sink() = default;
    form_sink(const form_sink&) = delete;
    form_sink& operator=(const form_sink&) = delete;
    virtual ~form_sink() = default;
    virtual void begin_part(std::string_view name, bool is_file) = 0;
    virtual void part_piece(std::string_view bytes) = 0;
    virtual void end_part() = 0;
};

/// One thread at a time. `sink` must outlive it.
class form_reader {
  public:
    form_reader(std::string_view content_type, form_sink& sink);

    void feed(std::string_view bytes);
    /// The closing delimiter was read.
    [[nodiscard]] bool complete() const noexcept { return state_ == state::complete; }

  private:
    enum class state : unsigned char { preamble, head, content, after_delimiter, complete, failed };

    bool step();
    bool step_preamble();
    bool step_head();
    bool step_content();
    bool step_after_delimiter();
    void begin_part();
    [[nodiscard]] std::string_view rest() const noexcept {
        return {buffer_.data() + done_, buffer_.size() - done_};
    }
    void take(std::size_t count) noexcept;
    [[nodiscard]] std::size_t find_line_end() noexcept;

    form_sink& sink_;
    std::string first_delimiter_;  ///< "--boundary"
    std::string delimiter_;        ///< the same with the line end before it
    std::string buffer_;
    std::size_t done_ = 0;      ///< bytes of the buffer that are dealt with …
    std::size_t searched_ = 0;  ///< … and of those behind them, known to have no line end
    std::string head_;          ///< of the part that begins
    /// While nothing of a part's content is known: the line end that its head has already used,
    /// and a delimiter that follows at once does without.
    std::size_t used_line_end_ = 0;
    state state_ = state::preamble;
};

/// The value of `parameter` ("boundary", "name") in a header's value; "" if it has none.
[[nodiscard]] std::string header_parameter(std::string_view value, std::string_view parameter);

}  // namespace tallyfs::dialect
