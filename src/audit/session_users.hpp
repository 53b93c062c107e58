// Who a text log's sessions belong to, where its prefix does not say: from what the server wrote
// when they began.
// Source: PostgreSQL, log_connections: "connection authorized: user=… database=…".
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// Bounded: of more sessions than a server has those that are silent longest are forgotten.
class session_users {
  public:
    struct names {
        std::string user;
        std::string database;
    };

    /// `key`: the session's id or process. A second message of one that goes on is not believed: a
    /// session's own code can write it.
    void see(std::string_view key, std::string_view message);
    /// null: nobody knows. Valid until the next call.
    [[nodiscard]] const names* find(std::string_view key);

  private:
    using sessions = std::map<std::string, names, std::less<>>;
    static constexpr std::size_t sessions_max = 10'000;

    /// Two halves: what is used moves to the young one, and the old one is dropped when that is
    /// full.
    names& keep(std::string_view key, names value);
    sessions young_;
    sessions old_;
};

}  // namespace tallyfs::audit
