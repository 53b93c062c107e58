// The bytes of rendered files, for a while; and their sizes for longer. Why both are kept:
// docs/fuse.md, "Rendered files".
#pragma once

#include "fuse/recent.hpp"

#include <tallyfs/tree/node.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace tallyfs::fuse {

using rendering = std::shared_ptr<const std::string>;

/// Any thread. Keys are those of key_of(): a path and a version.
class renderings {
  public:
    explicit renderings(std::size_t bytes_max);

    /// Null if they were dropped, or never made.
    [[nodiscard]] rendering find(const std::string& key);
    [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& key);
    /// Renders and keeps the bytes, where text.render() may run; what it throws passes through.
    rendering make(const std::string& key, const tree::text_file& text);
    /// Forgets bytes and size: they are not those of this version.
    void drop(const std::string& key);
    [[nodiscard]] std::size_t bytes() const;

  private:
    mutable std::mutex mutex_;
    recent<rendering> bytes_;
    recent<std::uint64_t> sizes_;
};

}  // namespace tallyfs::fuse
