#include <tallyfs/base/hex.hpp>
#include <tallyfs/base/uuid.hpp>

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace tallyfs {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// Random bytes of one thread, fetched 4 KiB at a time: a system call for each id would be
/// the dearest part of making one.
class random_supply {
  public:
    std::uint8_t next() {
        if (at_ == buffer_.size()) refill();
        return buffer_[at_++];
    }

  private:
    void refill() {
        std::size_t have = 0;
        while (have < buffer_.size()) {
            const auto got = ::getrandom(buffer_.data() + have, buffer_.size() - have, 0);
            if (got > 0) {
                have += static_cast<std::size_t>(got);
            } else if (errno != EINTR) {
                std::abort();  // no kernel this runs on lacks getrandom(2)
            }
        }
        at_ = 0;
    }
    std::array<std::uint8_t, 4096> buffer_{};
    std::size_t at_ = buffer_.size();
};

/// Where the digits of each byte stand in the text.
constexpr std::array<std::uint8_t, 16> digit_places{0,  2,  4,  6,  9,  11, 14, 16,
                                                    19, 21, 24, 26, 28, 30, 32, 34};

}  // namespace

uuid uuid::make(wall_time time) {
    thread_local random_supply supply;
    thread_local std::uint64_t last_milliseconds = 0;
    thread_local unsigned counter = 0;  // 12 bits behind the version: RFC 9562, 6.2, method 1
    const auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
    if (milliseconds == last_milliseconds) {
        counter = (counter + 1) & 0xfff;
    } else {
        counter = supply.next();  // the upper bits stay 0: room to count
        last_milliseconds = milliseconds;
    }
    uuid id;
    for (unsigned i = 0; i < 6; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    }
    id.bytes[6] = static_cast<std::uint8_t>(0x70 | (counter >> 8));
    id.bytes[7] = static_cast<std::uint8_t>(counter & 0xff);
    for (unsigned i = 8; i < 16; ++i) id.bytes[i] = supply.next();
    id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

std::optional<uuid> uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    uuid id;
    bool good = text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        const int high = hex_value(text[digit_places[i]]);
        const int low = hex_value(text[digit_places[i] + 1U]);
        good = good && (high | low) >= 0;
        id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return good ? std::optional(id) : std::nullopt;
}

std::array<char, 36> uuid::text() const noexcept {
    std::array<char, 36> text{};
    char* at = text.data();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = hex_digits[bytes[i] >> 4];
        *at++ = hex_digits[bytes[i] & 15];
    }
    return text;
}

std::string uuid::to_string() const {
    const auto characters = text();
    return {characters.begin(), characters.end()};
}

wall_time uuid::time() const {
    std::int64_t milliseconds = 0;
    for (unsigned i = 0; i < 6; ++i) milliseconds = milliseconds << 8 | bytes[i];
    return wall_time(std::chrono::milliseconds(milliseconds));
}

}  // namespace tallyfs
