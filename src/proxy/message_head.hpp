// The head of a request or response as it was received: order and case of the fields kept.
// Format: RFC 9112, sections 3 to 6; parsed by Boost.Beast.
#pragma once

#include <tallyfs/base/error.hpp>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::proxy {

namespace http = boost::beast::http;

/// Reused from message to message, so that a head costs no allocation once it is warm.
class message_head {
  public:
    struct field {
        http::field id;
        std::string_view name;
        std::string_view value;
    };

    void clear() noexcept;
    /// Clears it and gives back its memory if that is more than this.
    void shrink(std::size_t kept_bytes_max);
    void set_request_line(http::verb verb, std::string_view method, std::string_view target,
                          int version);
    void set_status_line(int status, std::string_view reason, int version);
    void add(http::field id, std::string_view name, std::string_view value);

    [[nodiscard]] http::verb verb() const noexcept { return verb_; }
    [[nodiscard]] std::string_view method() const noexcept { return text(method_); }
    [[nodiscard]] std::string_view target() const noexcept { return text(target_); }
    [[nodiscard]] std::string_view reason() const noexcept { return text(method_); }
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] bool http_1_1() const noexcept { return version_ >= 11; }

    /// All fields as one text, without the first line: equal for heads with the same fields and
    /// for no others.
    [[nodiscard]] std::string_view fields_text() const noexcept {
        return fields_.empty() ? std::string_view()
                               : std::string_view(text_).substr(fields_.front().name.offset);
    }
    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
    /// Views are valid until the head is cleared.
    [[nodiscard]] field at(std::size_t index) const noexcept;
    /// The value of the first such field, "" if there is none.
    [[nodiscard]] std::string_view find(http::field id) const noexcept;
    [[nodiscard]] std::string_view find(std::string_view name) const noexcept;
    [[nodiscard]] std::size_t count(http::field id) const noexcept;
    [[nodiscard]] bool has(http::field id) const noexcept { return count(id) != 0; }

  private:
    struct part {
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
    };
    struct entry {
        http::field id;
        part name;
        part value;
    };
    [[nodiscard]] std::string_view text(part p) const noexcept {
        return std::string_view(text_).substr(p.offset, p.size);
    }
    [[nodiscard]] part keep(std::string_view bytes);

    std::string text_;
    std::vector<entry> fields_;
    part method_;  // of a response: the reason
    part target_;
    http::verb verb_ = http::verb::unknown;
    int status_ = 0;
    int version_ = 11;
};

[[nodiscard]] bool has_control_byte(std::string_view text) noexcept;

/// Beast's parser, writing into a message_head. Each put() yields at most one piece of the body.
/// Trailers are checked and not kept.
template <bool IsRequest>
class head_parser final : public http::basic_parser<IsRequest> {
  public:
    explicit head_parser(message_head& head) : head_(head) {
        head_.clear();
        this->body_limit(boost::none);
        this->header_limit(std::uint32_t{1} << 20);  // the caller's buffer is the real limit
    }
    /// As of the base class. Errors are those of Beast; need_more.
    std::size_t put(boost::asio::const_buffer bytes, error_code& error) {
        // Beast asserts that a last chunk which comes first has its five bytes when it is read on.
        if (head_done_ && this->chunked() && !chunk_seen_ && bytes.size() < last_chunk_bytes) {
            error = http::error::need_more;
            return 0;
        }
        return http::basic_parser<IsRequest>::put(bytes, error);
    }
    /// The body bytes of the last put(): a view into what was put.
    [[nodiscard]] std::string_view take_piece() noexcept { return std::exchange(piece_, {}); }

  private:
    using view = boost::beast::string_view;
    static std::string_view as_std(view v) noexcept { return {v.data(), v.size()}; }

    void on_request_impl(http::verb verb, view method, view target, int version,
                         error_code&) override {
        head_.set_request_line(verb, as_std(method), as_std(target), version);
    }
    void on_response_impl(int status, view reason, int version, error_code&) override {
        head_.set_status_line(status, as_std(reason), version);
    }
    void on_field_impl(http::field id, view name, view value, error_code&) override {
        if (!head_done_) head_.add(id, as_std(name), as_std(value));
    }
    void on_header_impl(error_code&) override { head_done_ = true; }
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(view body, error_code&) override {
        piece_ = as_std(body);
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, view extensions, error_code& error) override {
        chunk_seen_ = true;
        // Beast takes any byte between quotes. To others a bare LF there ends the line.
        if (has_control_byte(as_std(extensions))) error = http::error::bad_chunk_extension;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, view body, error_code&) override {
        piece_ = as_std(body);
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    static constexpr std::size_t last_chunk_bytes = 5;  // "0\r\n\r\n"

    message_head& head_;
    std::string_view piece_;
    bool head_done_ = false;
    bool chunk_seen_ = false;
};

using request_parser = head_parser<true>;
using response_parser = head_parser<false>;

}  // namespace tallyfs::proxy
