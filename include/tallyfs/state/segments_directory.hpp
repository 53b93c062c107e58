// A stream's segments as a directory: the journal's own files.
// Format: docs/formats.md, "Segments".
#pragma once

#include <tallyfs/journal/stream.hpp>
#include <tallyfs/tree/node.hpp>

namespace tallyfs::state {

class segments_directory final : public tree::directory {
  public:
    /// `lines` outlives the directory.
    explicit segments_directory(const journal::stream& lines) : lines_(lines) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override;
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override;

  private:
    [[nodiscard]] tree::node node_of(const journal::segment_status& segment) const;

    const journal::stream& lines_;
};

}  // namespace tallyfs::state
