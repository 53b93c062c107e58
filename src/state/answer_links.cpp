#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/hex.hpp>
#include <tallyfs/state/answer_links.hpp>

#include <array>
#include <charconv>

namespace tallyfs::state {

namespace {

constexpr std::size_t text_bytes_max = 1024;
/// Number, step, person, mark of the plan, seconds.
using fields = std::array<std::string_view, 5>;

std::string from_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        bytes += static_cast<char>(hex_value(text[at]) * 16 | hex_value(text[at + 1]));
    }
    return bytes;
}

template <class Number>
bool take(std::string_view text, Number& into) {
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, into);
    return read.ec == std::errc{} && read.ptr == end;
}

std::optional<fields> split(std::string_view text) {
    fields all;
    for (auto& one : all) {
        const auto end = text.find('.');
        const bool last = &one == &all.back();
        if ((end == std::string_view::npos) != last) return std::nullopt;
        one = text.substr(0, end);
        text.remove_prefix(last ? text.size() : end + 1);
    }
    return all;
}

}  // namespace

std::string answer_links::sign(const answer& what) const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(what.expires.time_since_epoch()).count();
    const auto text = std::to_string(what.number) + "." + std::to_string(what.step) + "." +
                      to_hex(what.person) + "." + hmac_sha256_hex(key_, what.plan) + "." +
                      std::to_string(seconds);
    return text + "." + hmac_sha256_hex(key_, text);
}

std::optional<answer> answer_links::read(std::string_view text) const {
    const auto end = text.rfind('.');
    if (end == std::string_view::npos || text.size() > text_bytes_max) return std::nullopt;
    const auto signed_part = text.substr(0, end);
    if (!equal_secrets(hmac_sha256_hex(key_, signed_part), text.substr(end + 1)))
        return std::nullopt;
    const auto all = split(signed_part);
    answer what;
    std::int64_t seconds = 0;
    if (!all || !take((*all)[0], what.number) || !take((*all)[1], what.step) ||
        !take((*all)[4], seconds)) {
        return std::nullopt;
    }
    what.person = from_hex((*all)[2]);
    what.plan = (*all)[3];
    what.expires = wall_time(std::chrono::seconds(seconds));
    return what;
}

bool answer_links::is_about(const answer& link, std::string_view plan_hash) const {
    return equal_secrets(hmac_sha256_hex(key_, plan_hash), link.plan);
}

}  // namespace tallyfs::state
