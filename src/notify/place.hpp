// How far a target has got in the actions, kept in a file so that a restart goes on there.
// Format: docs/formats.md, "State directory": `<segment> <offset> <number>` and a newline.
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/journal/segment.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::notify {

struct place {
    journal::position at;      ///< behind the line
    std::uint64_t number = 0;  ///< of the action in it
    bool operator==(const place&) const = default;
};

[[nodiscard]] std::string to_text(const place& p);
[[nodiscard]] std::optional<place> parse_place(std::string_view text);

}  // namespace tallyfs::notify
