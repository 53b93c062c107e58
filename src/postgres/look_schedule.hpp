// What is to be looked at next of one server, and when. Pure: it is told the time.
// Rules: docs/databases.md, "Looking".
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/postgres/collector.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::postgres {

class look_schedule {
  public:
    enum class look { connect, sample, waits, snapshot };
    struct step {
        look what{};
        std::string database;  ///< of a snapshot
        steady_time at;        ///< not before then; steady_time::max(): there is nothing to do
    };

    /// `server` is its path: with a database's name it says when in an interval its turn is, so
    /// that many databases do not come together.
    explicit look_schedule(std::string server) : server_(std::move(server)) {}

    /// The databases that are looked at; without any, the server is not either.
    void set(const intervals& every, const std::vector<std::string>& databases, steady_time now);

    /// Of what is due a look at the whole server comes before waits. No snapshot comes before the
    /// first look at the server, and no two follow each other while something else is due: neither
    /// many snapshots nor looks that take long keep the others away.
    [[nodiscard]] step next(steady_time now) const;
    /// When the next snapshot comes; steady_time::max() of a database that is not looked at.
    [[nodiscard]] steady_time snapshot_at(std::string_view database) const;

    /// Another connection is wanted, at once.
    void reconnect(steady_time now);
    void connected(steady_time now);
    void sampled(steady_time now);
    void looked_at_waits(steady_time now);
    /// The server does not answer as it should; `lost`: the connection is gone.
    void failed(steady_time now, bool lost);
    void snapshot_taken(std::string_view database, steady_time now);
    void snapshot_failed(std::string_view database, steady_time now);
    /// Somebody waits for it: also the pause after a failure ends.
    void demand(std::string_view database, steady_time now);

  private:
    struct turn {
        steady_time at;
        unsigned failures = 0;
    };
    [[nodiscard]] std::chrono::milliseconds pause_after(unsigned failures) const;
    [[nodiscard]] std::size_t phase_of(std::string_view database) const;
    [[nodiscard]] steady_time next_turn(std::string_view database, steady_time now) const;

    std::string server_;
    intervals every_;
    bool connected_ = false;
    bool sampled_ = false;  ///< over this connection
    bool snapshot_last_ = false;
    unsigned failures_ = 0;  ///< in a row, until a look at the server succeeds
    steady_time connect_at_{};
    steady_time sample_at_{};
    steady_time waits_at_{};
    std::map<std::string, turn, std::less<>> turns_;
};

}  // namespace tallyfs::postgres
