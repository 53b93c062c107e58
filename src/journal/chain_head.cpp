#include <tallyfs/base/file.hpp>
#include <tallyfs/base/hex.hpp>
#include <tallyfs/journal/chain.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::journal {

namespace {

constexpr std::size_t head_bytes_max = 256;

}  // namespace

std::string chain_head::to_string() const {
    return std::to_string(lines) + ":" + hash;
}

std::optional<chain_head> chain_head::parse(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    chain_head head;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), head.lines);
    if (number.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    if (text.size() != record::no_line_before.size() + 1 || text.front() != ':') {
        return std::nullopt;
    }
    head.hash = text.substr(1);
    if (!std::ranges::all_of(head.hash, [](char c) { return hex_value(c) >= 0; })) {
        return std::nullopt;
    }
    std::ranges::transform(head.hash, head.hash.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    });
    return head;
}

result<std::optional<chain_head>> read_chain_head(const std::filesystem::path& file) {
    const auto text = read_file(file, head_bytes_max);
    if (!text && text.error() == boost::system::errc::no_such_file_or_directory) {
        return std::optional<chain_head>();
    }
    if (!text) return text.error();
    auto head = chain_head::parse(*text);
    if (!head) return make_error_code(boost::system::errc::bad_message);
    return head;
}

}  // namespace tallyfs::journal
