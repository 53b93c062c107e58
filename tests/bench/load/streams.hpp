// Clients that hold streams open, and how long each chunk was under way.
// Source: docs/benchmarks.md.
#pragma once

#include "loop.hpp"
#include "upstream.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tallyfs::bench {

class stream_client;

class stream_clients {
  public:
    /// Opens `count` streams through `to`, which leads to `from`, one after the other, and waits
    /// until a first piece of each has arrived. `request` is all bytes of one request.
    /// Throws std::runtime_error when a stream does not begin or ends early.
    stream_clients(event_loop& loop, upstream& from, const address& to, const std::string& request,
                   std::size_t count);
    stream_clients(const stream_clients&) = delete;
    stream_clients& operator=(const stream_clients&) = delete;
    ~stream_clients();

    /// Sends pieces, `per_second` of all streams together, one stream after the other, and returns
    /// how long each was under way. The clock is watched without pause, so that a piece leaves and
    /// is seen to arrive at once: waking up is not what is measured.
    [[nodiscard]] std::vector<std::int64_t> measure(double per_second, std::int64_t duration_ns);

    /// Ends the streams and waits until every client has seen its end.
    void finish();

    void arrived(std::int64_t under_way_ns) { under_way_ns_.push_back(under_way_ns); }
    void ended(bool properly);

  private:
    void turn_until(std::size_t arrived, std::size_t complete, std::int64_t wait_ns);

    event_loop& loop_;
    upstream& from_;
    std::vector<std::unique_ptr<stream_client>> clients_;
    std::vector<std::int64_t> under_way_ns_;
    std::size_t complete_ = 0;
    std::string failed_;
};

}  // namespace tallyfs::bench
