#include "approval/json_writer.hpp"

#include <tallyfs/approval/request.hpp>
#include <tallyfs/base/digest.hpp>

#include <charconv>

namespace tallyfs::approval {

namespace {

constexpr std::size_t code_digits = 8;  // 32 bits: read out over a phone, not guessed in a file

}  // namespace

std::string number_text(std::uint32_t number) {
    auto digits = std::to_string(number);
    if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
    return digits;
}

std::string directory_name(const request& r) {
    return number_text(r.number) + "-" + r.asked.kind;
}

std::optional<std::uint32_t> parse_number(std::string_view name) {
    const auto digits = name.substr(0, name.find('-'));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!whole || number == 0) return std::nullopt;
    return number;
}

std::string plan_hash(const request& r) {
    std::string canonical;
    json_writer(canonical).object(r);
    return sha256_hex(canonical);
}

std::string plan_code(const request& r) {
    return plan_hash(r).substr(0, code_digits);
}

}  // namespace tallyfs::approval
