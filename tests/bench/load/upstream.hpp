// The upstream of the proxies that are measured: answers with bytes recorded from the stand-in,
// which costs a fraction of making them, and stamps each chunk of a stream as it leaves.
// Source: docs/benchmarks.md.
#pragma once

#include "loop.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::bench {

/// What a stamp is put over in a chunk: 16 hexadecimal digits of now_ns() in its place.
inline constexpr std::string_view stamp_place = "@@@@@@@@@@@@@@@@";

class upstream_peer;

class upstream final : public watched {
  public:
    explicit upstream(event_loop& loop);
    upstream(const upstream&) = delete;
    upstream& operator=(const upstream&) = delete;
    ~upstream() override;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// `request` is method and target ("POST /api/embed"), `bytes` a whole response.
    void answer(const std::string& request, std::string bytes);
    /// Requests of this kind begin a stream with `head`; `piece` is a framed chunk that has
    /// `stamp_place` in it, `end` all that comes after the last piece.
    /// Throws std::runtime_error if the piece has no place for a stamp.
    void answer_with_stream(const std::string& request, std::string head, std::string piece,
                            std::string end);

    /// Streams that have begun and not ended.
    [[nodiscard]] std::size_t streams() const { return streams_.size(); }
    /// Sends a piece to stream `index % streams()`, with the time in it. There is one.
    void send_piece(std::size_t index);
    void end_streams();

    void ready(std::uint32_t events) override;
    void requested(upstream_peer& by, std::string_view start_line);
    void left(upstream_peer& who);

  private:
    event_loop& loop_;
    std::uint16_t port_ = 0;
    int listener_;  // after its port, which making it sets
    std::map<std::string, std::string, std::less<>> answers_;
    std::string stream_request_, stream_head_, stream_piece_, stream_end_;
    std::size_t stamp_at_ = 0;
    std::map<upstream_peer*, std::unique_ptr<upstream_peer>> peers_;
    std::vector<upstream_peer*> streams_;
};

}  // namespace tallyfs::bench
