// databases/ of the tree: what is known of all servers, as files.
// Format: the README.md of databases/ (src/postgres/directory_readme.cpp).
#pragma once

#include <tallyfs/journal/stream.hpp>
#include <tallyfs/postgres/board.hpp>
#include <tallyfs/tree/inbox.hpp>
#include <tallyfs/tree/node.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

/// A text that somebody else makes: `version` stands for its bytes, as that of tree::text_file.
struct supplied_text {
    std::uint64_t version = 0;
    std::function<std::string()> render;
};
/// A database, and the server that it is of; both stay as they are.
struct shown_database {
    std::shared_ptr<const health::watched_server> server;
    std::shared_ptr<const health::watched_database> database;
};

/// What databases/ is made from. All of it outlives the directory. The functions are called on the
/// view thread and return at once; what one that is null would give is not there.
struct directory_parts {
    const board& from;
    std::function<wall_time()> now;
    wall_time started{};
    /// The events of findings: `day/` and `today.jsonl`.
    const journal::stream* events = nullptr;
    /// Entries of the registry that are not used.
    std::function<std::vector<std::string>()> problems = nullptr;
    /// `new/`: a file in it is a registration, or what to forget.
    std::optional<tree::inbox_directory::parts> registering = std::nullopt;
    /// Whether `snapshot` shows as one that not only the owner may write to; who may is judged by
    /// snapshot_now.
    std::function<bool()> others_may_write = nullptr;
    /// What is written to `snapshot` of "prod/orders-cl/app": "now", or nonsense. Any thread, as
    /// tree::write_command.
    std::function<void(const tree::user&, const std::string& path, std::string_view text,
                       tree::answer)>
        snapshot_now = nullptr;

    std::function<std::string(const shown_database&)> ruled_out = nullptr;    ///< of status.txt
    std::function<supplied_text(const shown_database&)> diagnosis = nullptr;  ///< diagnosis.md
    /// diagnosis/<minute>.md, of the time before ".md" as it was asked for; nullopt: no time.
    std::function<std::optional<std::string>(const shown_database&, std::string_view minute)>
        diagnosis_at = nullptr;
    std::function<supplied_text(const shown_database&)> drift = nullptr;       ///< drift.diff
    std::function<supplied_text(const shown_database&)> migrations = nullptr;  ///< migrations.csv
    /// history/
    std::function<std::shared_ptr<const tree::directory>(const health::cluster_id&,
                                                         const std::string& database)>
        history = nullptr;
};

[[nodiscard]] std::shared_ptr<const tree::directory> make_directory(directory_parts parts);

}  // namespace tallyfs::postgres
