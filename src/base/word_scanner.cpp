#include <tallyfs/base/word_scanner.hpp>

#include <algorithm>

namespace tallyfs {

namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

void word_scanner::skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
}

void word_scanner::skip_line() {
    rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
}

std::string_view word_scanner::word() const noexcept {
    return rest_.substr(0, std::min(rest_.find_first_of(blanks), rest_.size()));
}

std::string_view word_scanner::key() {
    const auto end = rest_.find_first_of("=\" \t\r\n");
    if (end == std::string_view::npos || rest_[end] != '=') return {};
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return taken;
}

bool word_scanner::value(std::string& into) {
    if (rest_.starts_with('"')) return quoted(into);
    const auto taken = word();
    into += taken;
    rest_.remove_prefix(taken.size());
    return taken.find('"') == std::string_view::npos;
}

bool word_scanner::quoted(std::string& into) {
    std::size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
        if (rest_[at] == '\\' && ++at == rest_.size()) return false;
        into += rest_[at];
    }
    if (at >= rest_.size()) return false;
    rest_.remove_prefix(at + 1);
    return rest_.empty() || blanks.find(rest_.front()) != std::string_view::npos;
}

}  // namespace tallyfs
