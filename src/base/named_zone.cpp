#include <tallyfs/base/file.hpp>
#include <tallyfs/base/named_zone.hpp>

#include <algorithm>
#include <array>
#include <filesystem>

namespace tallyfs {

namespace {

namespace fs = std::filesystem;

const fs::path zone_info = "/usr/share/zoneinfo";
constexpr std::size_t file_bytes_max = 64 * 1024;  // tzdata's largest has 4 KiB
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t names_max = 2'000;         // tzdata has 600
constexpr std::size_t reserved_bytes = 15;       // RFC 8536, 3.1
constexpr std::int64_t offset_max = 26 * 3'600;  // RFC 8536, 3.2: less than 26 hours
constexpr std::array<std::string_view, 2> other_clocks{"posix", "right"};

/// Big-endian numbers from the front; beyond the end everything is 0 and it fits no more.
class byte_reader {
  public:
    explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

    std::string_view take(std::size_t count) {
        if (count > rest_.size()) {
            fits_ = false;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::uint64_t number(std::size_t bytes) {
        std::uint64_t value = 0;
        for (const char c : take(bytes)) value = (value << 8U) | static_cast<unsigned char>(c);
        return value;
    }
    std::int64_t time(std::size_t bytes) {
        const auto value = number(bytes);
        return bytes == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
    }
    [[nodiscard]] bool fits() const noexcept { return fits_; }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

  private:
    std::string_view rest_;
    bool fits_ = true;
};

struct header {
    char version = '\0';
    std::size_t utc_marks = 0;
    std::size_t standard_marks = 0;
    std::size_t leap_seconds = 0;
    std::size_t times = 0;
    std::size_t types = 0;
    std::size_t name_bytes = 0;

    [[nodiscard]] std::size_t body_bytes(std::size_t width) const noexcept {
        return times * (width + 1) + types * 6 + name_bytes + leap_seconds * (width + 4) +
               standard_marks + utc_marks;
    }
};

std::optional<header> read_header(byte_reader& from) {
    if (from.take(4) != "TZif") return std::nullopt;
    header made;
    const auto version = from.take(1);
    from.take(reserved_bytes);
    for (auto* count : {&made.utc_marks, &made.standard_marks, &made.leap_seconds, &made.times,
                        &made.types, &made.name_bytes}) {
        *count = from.number(4);
        if (*count > file_bytes_max) return std::nullopt;
    }
    if (!from.fits() || made.types == 0) return std::nullopt;
    made.version = version.front();
    return made;
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max && name.front() != '/' &&
           name.find("..") == std::string_view::npos && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '/' || c == '_' || c == '-' || c == '+';
           });
}

}  // namespace

std::optional<named_zone> named_zone::parse(std::string name, std::string_view bytes) {
    if (bytes.size() > file_bytes_max) return std::nullopt;
    byte_reader from(bytes);
    auto head = read_header(from);
    if (!head) return std::nullopt;
    std::size_t width = 4;
    if (head->version >= '2') {
        // The same again in 64 bits: the first is for readers of before 2006.
        from.take(head->body_bytes(width));
        head = read_header(from);
        if (!head) return std::nullopt;
        width = 8;
    }
    byte_reader body(from.take(head->body_bytes(width)));
    if (!from.fits()) return std::nullopt;
    named_zone made;
    made.name_ = std::move(name);
    for (std::size_t i = 0; i < head->times; ++i) made.changes_.push_back({body.time(width), 0});
    const auto type_of = body.take(head->times);
    std::vector<std::int64_t> offsets;
    for (std::size_t i = 0; i < head->types; ++i) {
        offsets.push_back(body.time(4));
        body.take(2);  // whether it is daylight saving, and its name
        if (std::abs(offsets.back()) > offset_max) return std::nullopt;
    }
    for (std::size_t i = 0; i < head->times; ++i) {
        const auto type = static_cast<unsigned char>(type_of[i]);
        if (type >= offsets.size()) return std::nullopt;
        made.changes_[i].offset = offsets[type];
    }
    if (!std::ranges::is_sorted(made.changes_, {}, &change::from)) return std::nullopt;
    made.first_offset_ = offsets.front();
    auto footer = from.rest();
    if (width == 8 && footer.size() > 2 && footer.starts_with('\n') && footer.ends_with('\n')) {
        made.rule_ = parse_zone_rule(footer.substr(1, footer.size() - 2));
        if (!made.rule_) return std::nullopt;
    }
    return made;
}

std::optional<named_zone> named_zone::find(const std::string& name) {
    if (name == "UTC") {
        named_zone made;
        made.name_ = name;
        return made;
    }
    if (!is_name(name)) return std::nullopt;
    const auto bytes = read_file(zone_info / name, file_bytes_max);
    if (!bytes) return std::nullopt;
    return parse(name, *bytes);
}

std::vector<std::string> named_zone::names() {
    std::vector<std::string> made{"UTC"};
    std::error_code failed;
    for (fs::recursive_directory_iterator at(zone_info, failed), end; !failed && at != end;
         at.increment(failed)) {
        const auto name = at->path().lexically_relative(zone_info).string();
        if (std::ranges::find(other_clocks, name) != other_clocks.end())
            at.disable_recursion_pending();
        // Tables beside the zones are in lower case, or have an ending.
        const bool zone = name.front() >= 'A' && name.front() <= 'Z' && is_name(name);
        std::error_code unreadable;
        if (zone && at->is_regular_file(unreadable)) made.push_back(name);
        if (made.size() == names_max) break;
    }
    std::ranges::sort(made);
    return made;
}

std::chrono::seconds named_zone::offset_at(wall_time time) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    const auto next = std::ranges::upper_bound(changes_, seconds, {}, &change::from);
    if (next == changes_.end() && rule_) return std::chrono::seconds(offset_by(*rule_, seconds));
    if (next == changes_.begin()) return std::chrono::seconds(first_offset_);
    return std::chrono::seconds(std::prev(next)->offset);
}

}  // namespace tallyfs
