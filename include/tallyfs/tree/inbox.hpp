// A directory to ask for something in: create a file with the words, read it back for the answer.
// Format: docs/formats.md, "The tree".
#pragma once

#include <tallyfs/tree/node.hpp>

namespace tallyfs::tree {

/// A name is another file for each user, and nothing is listed.
class inbox_directory final : public directory {
  public:
    /// On the view thread, but for `ask`. What they refer to outlives the directory.
    struct parts {
        /// What is said about the file of this name that this user made; nullopt: there is none.
        std::function<std::optional<std::string>(std::uint32_t uid, std::string_view name)> answer;
        /// As write_command.
        std::function<void(const user& by, std::string name, std::string text, tree::answer)> ask;
        std::function<wall_time()> now;
        /// As text_file::is_part; null: every single line that is no JSON object is one.
        bool (*is_part)(std::string_view text) = nullptr;
    };
    explicit inbox_directory(parts from) : from_(std::move(from)) {}

    [[nodiscard]] std::vector<named_node> list() const override { return {}; }
    [[nodiscard]] std::optional<node> find(std::string_view name) const override;
    [[nodiscard]] std::optional<node> create(std::string_view name, const user& by) const override;

  private:
    [[nodiscard]] node file_of(std::uint32_t uid, std::string name, std::string text) const;

    const parts from_;
};

}  // namespace tallyfs::tree
