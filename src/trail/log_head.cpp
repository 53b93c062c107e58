#include "trail/log_head.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>

#include <algorithm>

namespace tallyfs::trail {

namespace {

constexpr std::size_t digest_digits = 32;

}  // namespace

log_head head_of(std::string_view beginning) {
    if (beginning.empty()) return {};
    beginning = beginning.substr(0, head_bytes_max);
    return {beginning.size(), sha256_hex(beginning).substr(0, digest_digits)};
}

result<log_head> head_of(int file, std::uint64_t bytes) {
    const auto beginning = read_at(file, 0, std::min(bytes, head_bytes_max));
    if (!beginning) return beginning.error();
    return head_of(*beginning);
}

bool begins_with(int file, const log_head& head) {
    const auto now = head_of(file, head.bytes);
    return now && *now == head;
}

bool begins_with(int file, log_head& head, std::uint64_t bytes) {
    const auto now = read_at(file, 0, std::min(std::max(bytes, head.bytes), head_bytes_max));
    if (!now || head_of(std::string_view(*now).substr(0, head.bytes)) != head) return false;
    if (now->size() > head.bytes) head = head_of(*now);
    return true;
}

}  // namespace tallyfs::trail
