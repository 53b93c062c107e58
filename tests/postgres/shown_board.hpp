// databases/ over a board that a test fills, read as the mount would read it.
// Paths: src/postgres/directory_readme.cpp.
#pragma once

#include "health/shown_server.hpp"
#include "support/manual_clock.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/postgres/directory.hpp>

namespace tallyfs::test {

/// databases/ over a board that a test fills.
struct shown_board {
    postgres::board shown;
    manual_clock clock{*parse_rfc3339("2026-11-20T14:00:00Z")};
    postgres::directory_parts parts{shown, [this] { return clock.wall(); }, clock.wall()};
    std::shared_ptr<const tree::directory> root;

    explicit shown_board(const std::function<void(postgres::directory_parts&)>& change = {}) {
        zone::use("UTC");
        if (change) change(parts);
        root = postgres::make_directory(parts);
    }
    std::optional<tree::node> find(std::string_view path) const {
        return tree::resolve(*root, path);
    }
    std::string read(std::string_view path) const {
        return std::get<tree::text_file>(find(path).value().content).render();
    }
    std::uint64_t version(std::string_view path) const {
        return std::get<tree::text_file>(find(path).value().content).version;
    }
    std::vector<std::string> names(std::string_view path) const {
        std::vector<std::string> found;
        for (const auto& entry : directory(path)->list()) found.push_back(entry.name);
        return found;
    }
    std::shared_ptr<const tree::directory> directory(std::string_view path) const {
        return std::get<std::shared_ptr<const tree::directory>>(find(path).value().content);
    }
};

}  // namespace tallyfs::test
