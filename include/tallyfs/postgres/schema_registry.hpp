// What people have accepted as the schema of each database, and how the one that is there differs.
// Files: docs/formats.md, "Registered schemas"; rules: docs/databases.md, "Schema and migrations".
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/health/migrations.hpp>
#include <tallyfs/health/registration.hpp>
#include <tallyfs/health/schema.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

/// What the last look at a database's schema and migrations showed. Immutable once made.
struct schema_view {
    health::registered_schema registered;  ///< without its items
    std::string seen;                      ///< fingerprint of the last look
    wall_time taken{};                     ///< of that look
    std::string drift;                     ///< drift.diff; "" if there is none
    std::optional<health::finding> finding;
    std::vector<health::migration_status> migrations;
    std::string migrations_problem;  ///< why they are not, or not all, known
    std::string problem;             ///< why nothing can be said of drift; "" if it can
};

/// drift.diff: the difference, or in a sentence why there is none to show. `seen` may be null.
[[nodiscard]] std::string drift_text(const schema_view* seen);
/// migrations.csv, with what kept it from being whole as its last line.
[[nodiscard]] std::string migrations_text(const schema_view* seen);

/// Any thread. Only observe() and the two that register read and write files, one at a time.
class schema_registry {
  public:
    /// `directory` is made when it is needed.
    explicit schema_registry(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// After each full snapshot; `before` is the one before it, null at the first. A schema that
    /// was never seen is registered as it is; one that migrations changed, with their changes.
    void observe(const health::registration& of, const health::snapshot& now,
                 const health::snapshot* before);
    /// What observe() found wrong in this snapshot.
    [[nodiscard]] std::vector<health::finding> findings(const health::registration& of,
                                                        const health::snapshot& now) const;
    /// Null: it was not looked at since the start.
    [[nodiscard]] std::shared_ptr<const schema_view> find(std::string_view path) const;

    /// The schema as it is becomes the registered one. Errors: those of the disk; then nothing has
    /// changed.
    [[nodiscard]] result<void> accept(const health::registration& of, const health::snapshot& now,
                                      std::string why);
    /// What changed between `before` (sorted) and `now` is registered, and the checksums of the
    /// files that are applied now. Errors: as accept().
    [[nodiscard]] result<void> migrated(const health::registration& of,
                                        std::span<const health::schema_item> before,
                                        const health::snapshot& now, std::string why,
                                        const std::map<std::string, std::string>& checksums);
    /// What is registered, with all items. Errors: those of reading; bad_message for a file that
    /// is none of ours.
    [[nodiscard]] result<std::optional<health::registered_schema>> read(
        std::string_view path) const;

  private:
    [[nodiscard]] std::filesystem::path file_of(std::string_view path) const;
    [[nodiscard]] result<void> keep(const health::registered_schema& state) const;
    void show(health::registered_schema full, const health::registration& of,
              const health::snapshot& now, const health::migration_directory& files);
    void put(const std::string& path, schema_view view);
    [[nodiscard]] result<void> replace(const health::registration& of,
                                       health::registered_schema state,
                                       const health::snapshot& now);

    const std::filesystem::path directory_;
    std::mutex writing_;  ///< held over files; never taken while mutex_ is held
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const schema_view>, std::less<>> views_;
};

}  // namespace tallyfs::postgres
