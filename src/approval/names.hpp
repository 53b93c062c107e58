// The words for the values of each enumeration, once: writers and readers share the tables.
// Format: docs/formats.md, "Approvals".
#pragma once

#include <tallyfs/approval/book.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace tallyfs::approval {

template <class Enum>
struct words;
template <>
struct words<known_by> {
    static constexpr std::array<std::string_view, 6> all{"uid",  "token",  "sso",
                                                         "chat", "daemon", "policy"};
};
template <>
struct words<way> {
    static constexpr std::array<std::string_view, 5> all{"own", "deputy", "delegation", "handed",
                                                         "escalation"};
};
template <>
struct words<verdict> {
    static constexpr std::array<std::string_view, 2> all{"approve", "reject"};
};
template <>
struct words<ending> {
    static constexpr std::array<std::string_view, 2> all{"ok", "failed"};
};
template <>
struct words<settlement> {
    static constexpr std::array<std::string_view, 2> all{"done", "retry"};
};
template <>
struct words<state> {
    static constexpr std::array<std::string_view, 9> all{"pending", "approved", "executing",
                                                         "done",    "rejected", "withdrawn",
                                                         "expired", "failed",   "outcome_unknown"};
};

template <class Enum>
[[nodiscard]] constexpr std::string_view word(Enum value) noexcept {
    return words<Enum>::all[static_cast<std::size_t>(value)];
}
template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> parse_word(std::string_view text) noexcept {
    for (std::size_t i = 0; i < words<Enum>::all.size(); ++i) {
        if (words<Enum>::all[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

}  // namespace tallyfs::approval
