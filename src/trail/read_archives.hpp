// Reads archives of logs, plain or gzip, once each and the oldest first.
// Meaning: docs/audit.md, "Archives"; the contract is tallyfs/trail/log_source.hpp.
#pragma once

#include "trail/given_bytes.hpp"
#include "trail/gunzip.hpp"
#include "trail/log_files.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/trail/log_source.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tallyfs::trail {

/// An archive as it was when it was read: another size or time is another archive.
struct archive_key {
    std::string name;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    auto operator<=>(const archive_key&) const = default;
};

struct archive_place {
    static constexpr std::size_t bytes_max = std::size_t{8} << 20;
    std::vector<archive_key> done;
    std::optional<archive_key> at;  ///< the one that is being read
    std::uint64_t offset = 0;       ///< in it, unpacked
};
[[nodiscard]] std::string to_json(const archive_place& place);
/// Throws std::invalid_argument for a text that to_json() does not write.
[[nodiscard]] archive_place parse_archive_place(std::string_view text);

/// What was read, for one look: each file of a listing is looked up once.
struct done_archives {
    std::set<archive_key> as_named;
    /// Those whose name no file with their size and time has any more, under their base.
    std::set<archive_key> renamed;
    [[nodiscard]] bool has(const listed_file& file) const;
};

class archive_reader final : public log_source {
  public:
    /// As read_archives(). The clock outlives it.
    archive_reader(std::filesystem::path pattern, const std::string& begin_at,
                   const clock_source& clock = system_clock_source());

    result<piece> next() override;
    [[nodiscard]] std::string place(std::uint64_t pending) const override;
    [[nodiscard]] std::string problem() const override;
    [[nodiscard]] std::uint64_t bytes_behind() const override;

  private:
    using archive_number = std::uint64_t;

    void look();
    void note(const listing& made);
    void forget_gone(const listing& made);
    [[nodiscard]] bool is_still(const listed_file& file) const;
    [[nodiscard]] done_archives archives_done(const listing& made) const;
    bool open_next();
    result<std::size_t> read_some();
    result<std::size_t> read_plain();
    result<std::size_t> unpack_some();
    result<std::size_t> read_packed(char* into, std::size_t bytes);
    void end_archive(const std::string& problem);
    void tell(std::string what);

    const clock_source& clock_;
    log_files files_;
    std::vector<archive_key> done_before_;        ///< by an earlier reader
    std::map<archive_number, archive_key> read_;  ///< by this one, in order
    std::optional<archive_key> begin_at_;
    std::uint64_t begin_offset_ = 0;
    archive_number last_number_ = 0;
    archive_number current_ = 0;     ///< 0: none is open
    archive_number last_given_ = 0;  ///< 0: none

    std::deque<listed_file> waiting_;  ///< oldest first
    std::map<file_id, listed_file> looked_before_;
    bool is_over_ = false;
    steady_time next_look_;

    unique_fd fd_;
    std::uint64_t packed_offset_ = 0;
    std::uint64_t offset_ = 0;  ///< unpacked
    std::uint64_t skip_ = 0;    ///< unpacked bytes that an earlier reader gave
    std::unique_ptr<gunzip> unpacker_;
    std::vector<char> packed_;
    std::string_view unread_;  ///< of packed_
    std::vector<char> buffer_;
    given_bytes given_;
    std::string listing_problem_;
    std::string problem_;
    std::uint64_t problems_ = 0;
};

}  // namespace tallyfs::trail
