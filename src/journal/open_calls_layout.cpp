#include "journal/open_calls_layout.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

#include <cstring>

namespace tallyfs::journal::layout {

namespace {

constexpr std::uint16_t absent = 0xffff;

/// Of fixed size, before the strings.
struct fixed_part {
    std::array<std::uint8_t, 16> id;
    std::int64_t started_us;
    std::int64_t request_bytes;
    std::uint8_t service_from;
    std::uint8_t stream;  ///< 0 unknown, 1 false, 2 true
};
constexpr std::size_t fixed_bytes = 34;

// Longest strings that must be kept: with the lengths and the fixed part they need at most 906
// bytes, which is less than half of a slot.
constexpr std::size_t node_bytes_max = 64;    // HOST_NAME_MAX of Linux
constexpr std::size_t client_bytes_max = 64;  // an IPv6 address with a scope and a port
constexpr std::size_t upstream_bytes_max = 128;
constexpr std::size_t dialect_bytes_max = 16;
constexpr std::size_t endpoint_bytes_max = 64;

void put_length(std::string& out, std::uint16_t length) {
    out += static_cast<char>(length & 0xff);
    out += static_cast<char>(length >> 8);
}

void put(std::string& out, std::string_view text, std::size_t bytes_max) {
    const auto kept = clip_utf8(text, bytes_max);
    put_length(out, static_cast<std::uint16_t>(kept.size()));
    out += kept;
}

/// `lengths_to_come`: of the strings behind this one, which need their two bytes in any case.
void put_if_room(std::string& out, const std::optional<std::string>& text, std::size_t bytes_max,
                 std::size_t lengths_to_come) {
    if (!text || out.size() + 2 + text->size() + 2 * lengths_to_come > bytes_max) {
        put_length(out, absent);
    } else {
        put(out, *text, text->size());
    }
}

class string_reader {
  public:
    explicit string_reader(std::string_view bytes) : rest_(bytes) {}

    bool take(std::string& value) {
        std::optional<std::string> taken;
        if (!take(taken) || !taken) return false;
        value = std::move(*taken);
        return true;
    }
    bool take(std::optional<std::string>& value) {
        if (rest_.size() < 2) return false;
        const auto low = static_cast<std::uint8_t>(rest_[0]);
        const auto high = static_cast<std::uint8_t>(rest_[1]);
        const auto length = static_cast<std::size_t>(low | (high << 8));
        rest_.remove_prefix(2);
        value.reset();
        if (length == absent) return true;
        if (length > rest_.size()) return false;
        value = std::string(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return true;
    }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

}  // namespace

std::string encode_names(const record::call& c, wall_time started, std::size_t bytes_max) {
    std::string out;
    out.reserve(512);
    const std::int64_t started_us = started.time_since_epoch().count();
    out.append(reinterpret_cast<const char*>(c.id.bytes.data()), c.id.bytes.size());
    out.append(reinterpret_cast<const char*>(&started_us), sizeof started_us);
    out.append(reinterpret_cast<const char*>(&c.request_bytes), sizeof c.request_bytes);
    out += static_cast<char>(c.service_from);
    out += static_cast<char>(c.stream ? 1 + int{*c.stream} : 0);
    put(out, c.node, node_bytes_max);
    put(out, c.service, limits::label_bytes_max);
    put(out, c.principal, limits::label_bytes_max);
    put(out, c.client, client_bytes_max);
    put(out, c.upstream, upstream_bytes_max);
    put(out, c.dialect, dialect_bytes_max);
    put(out, c.endpoint, endpoint_bytes_max);
    put_if_room(out, c.task, bytes_max, 4);
    put_if_room(out, c.model, bytes_max, 3);
    put_if_room(out, c.prompt_hash, bytes_max, 2);
    put_if_room(out, c.process, bytes_max, 1);
    put_if_room(out, c.options, bytes_max, 0);
    return out;
}

std::optional<decoded_names> decode_names(std::string_view bytes) {
    if (bytes.size() < fixed_bytes) return std::nullopt;
    decoded_names decoded;
    record::call& c = decoded.so_far;
    std::int64_t started_us = 0;
    const char* at = bytes.data();
    std::memcpy(c.id.bytes.data(), at, 16);
    std::memcpy(&started_us, at + 16, sizeof started_us);
    std::memcpy(&c.request_bytes, at + 24, sizeof c.request_bytes);
    const auto source = static_cast<std::uint8_t>(at[32]);
    const auto stream = static_cast<std::uint8_t>(at[33]);
    if (source > static_cast<std::uint8_t>(record::service_source::address) || stream > 2 ||
        !is_plausible(started_us)) {
        return std::nullopt;
    }
    decoded.started = wall_time(std::chrono::microseconds(started_us));
    c.service_from = static_cast<record::service_source>(source);
    if (stream > 0) c.stream = stream == 2;
    string_reader strings(bytes.substr(fixed_bytes));
    const bool whole = strings.take(c.node) && strings.take(c.service) &&
                       strings.take(c.principal) && strings.take(c.client) &&
                       strings.take(c.upstream) && strings.take(c.dialect) &&
                       strings.take(c.endpoint) && strings.take(c.task) && strings.take(c.model) &&
                       strings.take(c.prompt_hash) && strings.take(c.process) &&
                       strings.take(c.options) && strings.at_end();
    if (!whole) return std::nullopt;
    return decoded;
}

slot_copy::slot_copy(const slot& from)
    : names_(names_of(from)),
      now_(from.progress.now),
      output_tokens_(from.progress.output_tokens),
      response_bytes_(from.progress.response_bytes),
      first_byte_us_(from.progress.first_byte_us),
      first_token_us_(from.progress.first_token_us) {}

std::optional<open_call> slot_copy::read() const {
    auto names = decode_names(names_);
    if (!names) return std::nullopt;
    open_call call{std::move(names->so_far), names->started, now_};
    call.so_far.response_bytes = response_bytes_;
    const auto known = [](std::int64_t us) { return us >= 0 && us <= longest_duration.count(); };
    if (known(first_byte_us_)) call.so_far.first_byte_ms = record::duration(first_byte_us_);
    if (known(first_token_us_)) call.so_far.first_token_ms = record::duration(first_token_us_);
    // Events counted as they passed; what Ollama counts comes at the end alone.
    if (output_tokens_ > 0) {
        call.so_far.output_tokens = output_tokens_;
        call.so_far.tokens_from = record::tokens_from::estimated;
    }
    return call;
}

void store_names(slot& into, const record::call& c, wall_time started, bool replace) {
    // In the half that holds none in force: a process killed here leaves the old ones whole.
    constexpr std::size_t half_bytes = sizeof into.names / 2;
    const bool first_half_taken = replace && (into.names_in_force >> 32) == 0;
    const std::size_t at = first_half_taken ? half_bytes : 0;
    const std::string bytes = encode_names(c, started, half_bytes);
    std::memcpy(into.names.data() + at, bytes.data(), bytes.size());
    into.names_in_force.store((std::uint64_t{at} << 32) | bytes.size(), std::memory_order_release);
}

std::string_view names_of(const slot& from) noexcept {
    const std::uint64_t in_force = from.names_in_force.load(std::memory_order_acquire);
    const std::uint64_t begin = in_force >> 32;
    const std::uint64_t bytes = in_force & 0xffffffff;
    if (begin > from.names.size() || bytes > from.names.size() - begin) return {};
    return {from.names.data() + begin, static_cast<std::size_t>(bytes)};
}

}  // namespace tallyfs::journal::layout
