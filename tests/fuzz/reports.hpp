// Reports of requests and responses as text, to compare all of them at once.
// Source: tallyfs/dialect/request.hpp, tallyfs/dialect/response.hpp.
#pragma once

#include <tallyfs/dialect/request.hpp>
#include <tallyfs/dialect/response.hpp>

#include <sstream>
#include <string>

namespace tallyfs::fuzz {

inline std::string to_text(const std::optional<std::string>& value) {
    return value ? "\"" + *value + "\"" : "-";
}

template <class Value>
std::string to_text(const std::optional<Value>& value) {
    if (!value) return "-";
    if constexpr (requires { value->count(); }) {
        return std::to_string(value->count());
    } else {
        return std::to_string(*value);
    }
}

inline std::string to_text(const dialect::request_report& report) {
    std::ostringstream out;
    out << report.readable << report.ambiguous << report.stream << report.lifecycle << report.unload
        << ' ' << to_text(report.model) << ' ' << to_text(report.include_usage) << ' '
        << report.prompt_bytes << ' ' << to_text(report.context_length) << ' ' << report.options
        << ' ' << report.prompt_hash;
    return out.str();
}

inline std::string to_text(const dialect::response_report& report) {
    std::ostringstream out;
    out << report.terminal << ' ' << to_text(report.model) << ' ' << to_text(report.prompt_tokens)
        << ' ' << to_text(report.output_tokens) << ' ' << report.content_events << ' '
        << report.content_bytes << ' ' << to_text(report.total) << ' ' << to_text(report.load)
        << ' ' << to_text(report.prompt_eval) << ' ' << to_text(report.eval) << ' '
        << to_text(report.done_reason) << ' ' << to_text(report.error);
    return out.str();
}

}  // namespace tallyfs::fuzz
