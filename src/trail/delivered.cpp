#include "trail/delivery_json.hpp"
#include "trail/gunzip.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/trail/delivered.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>

namespace tallyfs::trail {

namespace {

/// A batch, its records, and what is in them.
constexpr int nesting_max = 2;
/// Of a delivery stream it has 36: a UUID.
constexpr std::size_t request_id_bytes_max = 256;
/// Groups of four characters that are decoded at a time: the length is an int there.
constexpr std::size_t base64_step_bytes = std::size_t{1} << 20;

/// RFC 4648, section 4: padded, without blanks, in the one form that these bytes have.
std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.empty()) return std::string();
    const auto padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
    const auto body = text.substr(0, text.size() - padding);
    if (text.size() % 4 != 0 || padding > 2 || body.find_first_not_of(digits) != body.npos)
        return std::nullopt;
    std::string plain(text.size() / 4 * 3, '\0');
    std::size_t made = 0;
    for (std::size_t at = 0; at < text.size(); at += base64_step_bytes) {
        const auto step = text.substr(at, base64_step_bytes);
        const int bytes = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data() + made),
                                            reinterpret_cast<const unsigned char*>(step.data()),
                                            static_cast<int>(step.size()));
        if (bytes < 0) return std::nullopt;
        made += static_cast<std::size_t>(bytes);
    }
    // Bits of the last digit that no byte has must be zero: encoded again it is the same.
    std::array<unsigned char, 5> last{};
    const auto left = static_cast<int>(3 - padding);
    ::EVP_EncodeBlock(
        last.data(), reinterpret_cast<const unsigned char*>(plain.data() + plain.size() - 3), left);
    if (!std::equal(text.end() - 4, text.end(), last.begin())) return std::nullopt;
    plain.resize(plain.size() - padding);
    return plain;
}

char next_but_blank(std::string_view text, std::size_t from) {
    const auto at = text.find_first_not_of(" \t\r\n", from);
    return at == text.npos ? '\0' : text[at];
}

/// A line of a log can begin with a bracket too: what its prefix puts there is no JSON.
bool looks_like_json(std::string_view text) {
    const auto at = text.find_first_not_of(" \t\r\n");
    if (at == text.npos) return false;
    const char next = next_but_blank(text, at + 1);
    if (text[at] == '{') return next == '"' || next == '}';
    return text[at] == '[' && (next == '{' || next == ']');
}

class unpacker {
  public:
    unpacker(delivery& made, const std::function<void(const delivered_message&)>& take)
        : made_(made), take_(take) {}

    void read(std::string_view body, int nesting) {
        if (!is_gzip(body)) return read_plain(body, nesting);
        std::string plain;
        const auto problem = gunzip_all(body, room_, plain);
        room_ -= plain.size();
        // What could be unpacked of lines is worth having; of JSON it is found out below.
        read_plain(plain, nesting);
        if (!problem.empty()) complain("what is packed " + problem);
    }

  private:
    void read_plain(std::string_view body, int nesting) {
        if (is_gzip(body)) return complain("it is packed more than once");
        if (!looks_like_json(body)) return give("", body);
        const delivery_sink sink{
            [&](std::string_view id, std::string_view message) { give(id, message); },
            [&](std::string_view base64) { read_data(base64, nesting); },
            [&](std::string_view id) {
                if (nesting == 0 && id.size() <= request_id_bytes_max) made_.request_id = id;
            }};
        const auto reading = read_delivery_json(body, sink);
        if (reading.is_log_entry) return give("", body);
        if (!reading.problem.empty()) complain("it " + reading.problem);
    }
    void read_data(std::string_view base64, int nesting) {
        if (nesting + 1 >= nesting_max) return complain("it has records within records");
        const auto data = decode_base64(base64);
        if (!data) return complain("a record's data is not base64");
        if (data->size() > room_)
            return complain("it holds more than " + bytes_text(delivery_bytes_max));
        room_ -= data->size();
        read(*data, nesting + 1);
    }
    void give(std::string_view id, std::string_view message) {
        if (message.empty()) return;
        ++made_.messages;
        take_({id, message});
    }
    void complain(std::string what) {
        if (made_.problem.empty()) made_.problem = std::move(what);
    }

    delivery& made_;
    const std::function<void(const delivered_message&)>& take_;
    std::size_t room_ = delivery_bytes_max;
};

}  // namespace

delivery for_each_message(std::string_view body,
                          const std::function<void(const delivered_message&)>& take) {
    delivery made;
    if (body.size() > delivery_bytes_max) {
        made.problem = "it has more than " + bytes_text(delivery_bytes_max);
        return made;
    }
    unpacker(made, take).read(body, 0);
    return made;
}

}  // namespace tallyfs::trail
