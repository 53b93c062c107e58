// The mounted tree as values: what a name is, what it contains, when that changed. Pure: it
// knows neither FUSE nor a clock. Format: docs/formats.md, "The tree".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/error.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tallyfs::tree {

class directory;
struct node;

/// Who asks, as the kernel tells it. Over HTTP nobody is known: personal nodes do not exist there.
struct user {
    std::uint32_t uid = 0;
    std::vector<std::uint32_t> groups;  ///< the first one is the primary group
};

/// How a change went: no error, or one of boost::system::generic_category() (EINVAL, EACCES, …).
/// Called once, on any thread; destroyed without having been called it means EIO.
using answer = std::function<void(const error_code&)>;
/// What one write(2) asks for, whole. On any thread; returns at once.
using write_command = std::function<void(const user&, std::string text, answer)>;
/// The same for unlink(2).
using remove_command = std::function<void(const user&, answer)>;

/// A file whose bytes are rendered from the state of the views. `version` stands for the bytes:
/// equal versions of one path have equal bytes, and `render` is called at most once for each
/// (again only if the bytes were dropped from the cache; it must then give the same).
struct text_file {
    std::uint64_t version = 0;
    std::function<std::string()> render;  ///< on the view thread, unless it is slow
    write_command write = nullptr;        ///< null: read only
    /// Whether one write(2) is only a part of a text that ends when the file is closed: a shell
    /// writes several lines one by one. Any thread; null: never.
    bool (*is_part)(std::string_view text) = nullptr;
    /// `render` may take seconds, and runs on any thread. Nobody else waits for it, but who creates
    /// a name in the same directory, or opens one with O_CREAT (the kernel's lock).
    bool slow = false;
};

/// An append-only file that exists on disk. Lines appended to it while `closed` is false appear
/// in the mount; a closed one never changes again.
struct log_file {
    std::filesystem::path path;
    std::function<std::uint64_t()>
        bytes;  ///< any thread, lock-free or nearly; ends at a line's end
    bool closed = false;
};

struct link {
    std::string target;  ///< relative, within the tree
};

/// A name that stands for something else for each user, or for nothing for some of them.
struct personal {
    std::function<std::optional<node>(const user&)> of;  ///< on the view thread; none is personal
};

using content = std::variant<std::shared_ptr<const directory>, text_file, log_file, link, personal>;

/// What is shown as owner and mode. Where others may use the mount, the kernel checks it.
struct access {
    std::uint16_t mode = 0;                ///< 0: 0444, 0644 if it can be written, 0555 a directory
    std::optional<std::uint32_t> owner{};  ///< uid; the daemon's own if there is none
    std::optional<std::uint32_t> group{};  ///< gid; likewise
};

struct node {
    tree::content content;
    wall_time changed{};  ///< mtime: the last change of the content, never "now"
    tree::access access{};
    remove_command remove = nullptr;  ///< null: cannot be removed
};

struct named_node {
    std::string name;  ///< as listed: base/text.hpp, encode_name()
    tree::node node;
};

/// A directory's entries, made on demand. Everything runs on the view thread.
class directory {
  public:
    directory() = default;
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    virtual ~directory() = default;

    /// What `ls` shows, sorted by name, without "." and "..". Bounded: see docs/formats.md.
    [[nodiscard]] virtual std::vector<named_node> list() const = 0;
    /// A name that may or may not be listed (calls/by-id resolves, and is not listed). The
    /// default looks through list().
    [[nodiscard]] virtual std::optional<node> find(std::string_view name) const;
    /// Whether entries and their contents depend on the ledger having caught up with the journal:
    /// then a look-up that cannot be answered with current numbers fails with EAGAIN.
    [[nodiscard]] virtual bool follows_journal() const { return false; }
    /// A file of this name to write to, which find() did not know: nothing is there until a write
    /// is answered without an error. nullopt where nothing can be created.
    [[nodiscard]] virtual std::optional<node> create(std::string_view /*name*/,
                                                     const user& /*by*/) const {
        return std::nullopt;
    }
};

/// A directory of fixed names: each entry is made when it is asked for.
class fixed_directory final : public directory {
  public:
    using maker = std::function<node()>;
    /// Adds a name; later ones do not replace earlier ones. Only before the directory is shown.
    fixed_directory& add(std::string name, maker make);
    [[nodiscard]] std::vector<named_node> list() const override;
    [[nodiscard]] std::optional<node> find(std::string_view name) const override;

  private:
    std::vector<std::pair<std::string, maker>> entries_;  ///< sorted by name
};

/// `root` with some of its entries for the members of a group alone (gid by name): nobody else may
/// look into them.
[[nodiscard]] std::shared_ptr<const directory> for_groups(
    std::shared_ptr<const directory> root,
    std::map<std::string, std::uint32_t, std::less<>> groups);

/// The stable inode number of a path ("/usage/today.txt"): the same in every run of the daemon;
/// never 0 or 1 (the root's) for another path.
[[nodiscard]] std::uint64_t inode_of(std::string_view path) noexcept;

/// Walks `path` ("usage/today.txt", no leading slash needed) from `root`, links not followed.
[[nodiscard]] std::optional<node> resolve(const directory& root, std::string_view path);

}  // namespace tallyfs::tree
