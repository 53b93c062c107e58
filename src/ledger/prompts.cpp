#include "ledger/prompts.hpp"

#include "ledger/arithmetic.hpp"

#include <tallyfs/base/hex.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace tallyfs::ledger {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

/// The 16 bytes of 32 lower-case digits; false for any other text.
bool read_digits(std::string_view text, std::array<char, 16>& bytes) {
    if (text.size() != 2 * bytes.size()) return false;
    int all = 0;
    bool upper = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char first = text[2 * i];
        const char second = text[2 * i + 1];
        const int high = hex_value(first);
        const int low = hex_value(second);
        all |= high | low;
        upper = upper || (first >= 'A' && first <= 'F') || (second >= 'A' && second <= 'F');
        bytes[i] = static_cast<char>(high << 4 | low);
    }
    return all >= 0 && !upper;
}

/// A number as it stands in the log, which is little-endian, and back.
template <class Integer>
Integer swapped_if_big(Integer value) {
    if constexpr (std::endian::native == std::endian::big) {
        std::array<char, sizeof(value)> bytes{};
        std::memcpy(bytes.data(), &value, sizeof(value));
        std::reverse(bytes.begin(), bytes.end());
        std::memcpy(&value, bytes.data(), sizeof(value));
    }
    return value;
}

/// Collects an entry before it goes to the log: few appends instead of many.
class entry_writer {
  public:
    template <class Integer>
    void put(Integer value) {
        value = swapped_if_big(value);
        std::memcpy(bytes_.data() + size_, &value, sizeof(value));
        size_ += sizeof(value);
    }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

  private:
    std::array<char, 64> bytes_{};
    std::size_t size_ = 0;
};

template <class Integer>
bool take_number(std::string_view& log, Integer& value) {
    if (log.size() < sizeof(value)) return false;
    std::memcpy(&value, log.data(), sizeof(value));
    value = swapped_if_big(value);
    log.remove_prefix(sizeof(value));
    return true;
}

}  // namespace

struct prompts_of_day::log_entry {
    key hash{};
    std::string_view text;  ///< of a hash that is not 32 digits
    group_id of = 0;
    std::int64_t busy_us = 0;
    std::int64_t tokens = 0;
    std::int64_t time_us = 0;
};

void append_prompt(std::string& log, const record::call& c, group_id of) {
    if (!c.prompt_hash || c.prompt_hash->empty()) return;
    if (c.endpoint == "load" || c.endpoint == "unload") return;
    std::array<char, 16> hash{};
    entry_writer head;
    std::string_view kept(hash.data(), hash.size());
    if (read_digits(*c.prompt_hash, hash)) {
        head.put(std::uint16_t{0});
    } else {
        head.put(static_cast<std::uint16_t>(c.prompt_hash->size()));
        kept = *c.prompt_hash;
    }
    entry_writer rest;
    rest.put(of);
    rest.put(std::int64_t{record::busy(c).count()});
    rest.put(add_saturated(c.prompt_tokens.value_or(0), c.output_tokens.value_or(0)));
    rest.put(std::int64_t{c.time.time_since_epoch().count()});
    log.append(head.text()).append(kept).append(rest.text());
}

std::string to_text(const stored_hash& hash) {
    if (!hash.digits) return hash.bytes;
    std::string text;
    for (const char c : hash.bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

bool prompts_of_day::enter(std::string_view log, std::size_t groups) {
    while (!log.empty()) {
        log_entry entry;
        std::uint16_t text_bytes = 0;
        if (!take_number(log, text_bytes)) return false;
        const std::size_t hash_bytes = text_bytes == 0 ? entry.hash.size() : text_bytes;
        if (log.size() < hash_bytes) return false;
        if (text_bytes == 0) {
            std::memcpy(entry.hash.data(), log.data(), hash_bytes);
        } else {
            entry.text = log.substr(0, hash_bytes);
            const std::uint64_t halves[] = {hash_of(entry.text), hash_of(entry.text, 1)};
            std::memcpy(entry.hash.data(), halves, sizeof(halves));
        }
        log.remove_prefix(hash_bytes);
        if (!take_number(log, entry.of) || !take_number(log, entry.busy_us) ||
            !take_number(log, entry.tokens) || !take_number(log, entry.time_us) ||
            entry.of >= groups) {
            return false;
        }
        enter(entry);
    }
    return true;
}

void prompts_of_day::enter(const log_entry& entry) {
    auto& counted = by_group_[entry.of];
    ++counted.calls;
    const wall_time time{std::chrono::microseconds(entry.time_us)};
    if (prompts_.size() * 4 >= slots_.size() * 3) grow();
    std::uint32_t* const slot = find_slot(entry.hash, entry.of);
    if (*slot == 0) {
        if (prompts_.size() >= prompts_of_day_max) return;
        prompts_.push_back({entry.hash, entry.of, 0, time});
        *slot = static_cast<std::uint32_t>(prompts_.size());
        if (!entry.text.empty()) {
            texts_.emplace(std::string(entry.hash.data(), entry.hash.size()), entry.text);
        }
        return;
    }
    auto& known = prompts_[*slot - 1];
    if (known.again == 0) {
        again_.push_back({*slot - 1, 1, {}, 0, {}});
        known.again = static_cast<std::uint32_t>(again_.size());
    }
    auto& more = again_[known.again - 1];
    ++more.calls;
    more.busy = add_saturated(more.busy, record::duration(entry.busy_us));
    more.tokens = add_saturated(more.tokens, entry.tokens);
    more.last = time;
    ++counted.repeats;
    counted.busy = add_saturated(counted.busy, record::duration(entry.busy_us));
}

std::uint32_t* prompts_of_day::find_slot(const key& hash, group_id of) {
    std::uint64_t start = 0;
    std::memcpy(&start, hash.data(), sizeof(start));
    // The hash of a prompt is as good as random; the group has to be stirred in.
    start ^= (std::uint64_t{of} + 1) * 0x9e3779b97f4a7c15U;
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(start ^ start >> 32) & mask;
    for (;; at = (at + 1) & mask) {
        if (slots_[at] == 0) return &slots_[at];
        const auto& candidate = prompts_[slots_[at] - 1];
        if (candidate.of == of && candidate.hash == hash) return &slots_[at];
    }
}

void prompts_of_day::grow() {
    slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
    for (std::uint32_t i = 0; i < prompts_.size(); ++i) {
        *find_slot(prompts_[i].hash, prompts_[i].of) = i + 1;
    }
}

std::vector<prompts_of_day::repeated> prompts_of_day::repeats() const {
    std::vector<repeated> list;
    list.reserve(again_.size());
    for (const auto& more : again_) {
        const auto& known = prompts_[more.prompt];
        repeated row;
        row.of = known.of;
        row.hash.bytes.assign(known.hash.data(), known.hash.size());
        const auto text = texts_.find(row.hash.bytes);
        row.hash.digits = text == texts_.end();
        if (!row.hash.digits) row.hash.bytes = text->second;
        row.calls = more.calls;
        row.busy = more.busy;
        row.tokens = more.tokens;
        row.first = known.first;
        row.last = more.last;
        list.push_back(std::move(row));
    }
    return list;
}

}  // namespace tallyfs::ledger
