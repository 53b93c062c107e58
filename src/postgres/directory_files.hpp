// The directories of databases/ and when their files changed.
// Format: the README.md of databases/ (src/postgres/directory_readme.cpp).
#pragma once

#include <tallyfs/postgres/directory.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tallyfs::postgres {

/// Makes the files, and remembers of each when it became what it is: its mtime is the time of the
/// look that it shows, and stays while another look shows the same. On the view thread.
class directory_files {
  public:
    explicit directory_files(directory_parts from) : parts(std::move(from)) {}

    /// `version` as of tree::text_file; `taken`: when that was seen, zero if it never was.
    [[nodiscard]] tree::node text(const std::string& path, std::uint64_t version, wall_time taken,
                                  std::function<std::string()> render) const;
    /// A small one, whose bytes tell whether it has changed.
    [[nodiscard]] tree::node text(const std::string& path, std::string bytes,
                                  wall_time taken) const;

    const directory_parts parts;

  private:
    struct kept {
        std::uint64_t version = 0;
        wall_time changed{};
    };
    /// 300 databases have some 4,000 files. Beyond it all are forgotten, and are then as old as
    /// the looks that they show.
    static constexpr std::size_t kept_max = 50'000;

    mutable std::map<std::string, kept, std::less<>> kept_;
};

/// databases/<environment>/<cluster>/<database>/. A name that a file of the server has gets its
/// first letter encoded.
[[nodiscard]] std::string database_entry_name(const std::string& database);

// A directory is held while somebody is in it: both look at each call at what is known by then.

[[nodiscard]] std::shared_ptr<const tree::directory> make_server_directory(
    std::shared_ptr<const directory_files> files, health::cluster_id id);
[[nodiscard]] std::shared_ptr<const tree::directory> make_database_directory(
    std::shared_ptr<const directory_files> files, health::cluster_id id, std::string database);

extern const std::string_view databases_readme;

}  // namespace tallyfs::postgres
