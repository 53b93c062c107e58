#include "dialect/percent.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/dialect/route.hpp>

#include <algorithm>
#include <charconv>

namespace tallyfs::dialect {
namespace {

/// A segment of the path as a label; nullopt if it can't be one.
std::optional<std::string> label_of(std::string_view segment) {
    auto label = decode_percent(segment);
    if (!label || label->empty() || *label == "." || *label == "..") return std::nullopt;
    label->resize(clip_utf8(*label, limits::label_bytes_max).size());
    return label;
}

bool is_api_path(std::string_view path) {
    return path.starts_with("/api/") || path.starts_with("/v1/");
}

/// The first segment of a path that begins with '/'.
std::string_view first_segment(std::string_view path) {
    path.remove_prefix(1);
    return path.substr(0, path.find('/'));
}

}  // namespace

std::optional<std::string> decode_percent(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        unsigned char value = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, 16);
        if (digits.size() != 2 || error != std::errc() || end != digits.end()) return std::nullopt;
        decoded += static_cast<char>(value);
        i += 2;
    }
    return decoded;
}

std::string_view origin_form(std::string_view target) {
    if (target.starts_with('/')) return target;
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos) return target;
    const auto path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? "/" : target.substr(path);
}

std::string_view path_of_target(std::string_view target) {
    const auto path = origin_form(target);
    return path.substr(0, path.find('?'));
}

base_path split_base_path(std::string_view target) {
    constexpr std::string_view prefix = "/as/";
    const auto whole = origin_form(target);
    base_path split{std::nullopt, std::nullopt, std::string(whole)};
    if (!whole.starts_with('/')) split.target.insert(0, "/");
    const auto path = whole.substr(0, whole.find('?'));
    const auto query = whole.substr(path.size());
    if (!path.starts_with(prefix)) return split;

    const auto service_segment = first_segment(path.substr(prefix.size() - 1));
    split.service = label_of(service_segment);
    if (!split.service) return split;
    auto rest = path.substr(prefix.size() + service_segment.size());

    if (rest.size() > 1) {
        const auto task_segment = first_segment(rest);
        const auto after = rest.substr(1 + task_segment.size());
        // "/api/" and "/v1/" are the start of a path that has no route, not a task at "/".
        const bool is_root = after == "/" && task_segment != "api" && task_segment != "v1";
        if (is_api_path(after) || is_root) split.task = label_of(task_segment);
        if (split.task) rest = after;
    }
    split.target = rest.empty() ? "/" : std::string(rest);
    split.target += query;
    return split;
}

}  // namespace tallyfs::dialect
