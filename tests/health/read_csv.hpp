// Reads a CSV as a spreadsheet would, by other means than those that write it.
// Format: RFC 4180.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::test {

using csv_row = std::map<std::string, std::string>;

/// The rows by the names of the header. Throws where one has more or fewer fields.
[[nodiscard]] inline std::vector<csv_row> read_csv(std::string_view text) {
    std::vector<std::vector<std::string>> lines(1, std::vector<std::string>(1));
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        auto& field = lines.back().back();
        if (quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
            field += c;
            ++at;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == ',') {
            lines.back().emplace_back();
        } else if (!quoted && c == '\n') {
            lines.emplace_back(1);
        } else {
            field += c;
        }
    }
    if (quoted || lines.back() != std::vector<std::string>{""}) {
        throw std::runtime_error("the last line is not whole");
    }
    lines.pop_back();
    std::vector<csv_row> rows;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (lines[i].size() != lines[0].size()) throw std::runtime_error("not as the header");
        auto& row = rows.emplace_back();
        for (std::size_t f = 0; f < lines[0].size(); ++f) row[lines[0][f]] = lines[i][f];
    }
    return rows;
}

}  // namespace tallyfs::test
