#include <tallyfs/journal/segment.hpp>

#include <charconv>

namespace tallyfs::journal {

namespace {

constexpr std::size_t date_bytes = 10;  // "2026-11-20"
constexpr std::string_view extension = ".jsonl";

}  // namespace

std::string segment_id::file_name() const {
    std::string name = date.to_string();
    if (part > 1) name += '.' + std::to_string(part);
    return name.append(extension);
}

std::optional<segment_id> segment_id::parse(std::string_view file_name) {
    if (file_name.size() < date_bytes + extension.size() || !file_name.ends_with(extension)) {
        return std::nullopt;
    }
    const auto date = day::parse(file_name.substr(0, date_bytes));
    if (!date) return std::nullopt;
    std::string_view number = file_name.substr(date_bytes);
    number.remove_suffix(extension.size());
    segment_id id{*date, 1};
    if (number.empty()) return id;
    if (!number.starts_with('.')) return std::nullopt;
    number.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), id.part);
    // Only the form that file_name() writes: two names for one part would be two truths.
    const bool whole = error == std::errc() && end == number.data() + number.size();
    if (!whole || id.part < 2 || id.part > parts_max || number.front() == '0') return std::nullopt;
    return id;
}

}  // namespace tallyfs::journal
