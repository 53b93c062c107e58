// What was given last, so that a place can be some bytes before the end of it, across files.
// Bound: docs/audit.md, "Following files".
#pragma once

#include <cstdint>
#include <deque>
#include <map>

namespace tallyfs::trail {

/// Of contents that are numbered.
class given_bytes {
  public:
    /// An entry that is not whole is at most 1 MiB (audit::log_reader), and so is a piece; text
    /// entries wait for the next one.
    static constexpr std::uint64_t bytes_min = std::uint64_t{4} << 20;
    static constexpr std::size_t stretches_max = 64;

    struct stretch {
        std::uint64_t content = 0;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    /// Bytes of `content` from `begin` on; what follows the last ones is joined with them.
    void add(std::uint64_t content, std::uint64_t begin, std::uint64_t bytes) {
        if (!stretches_.empty() && stretches_.back().content == content &&
            stretches_.back().end == begin) {
            stretches_.back().end += bytes;
        } else {
            stretches_.push_back({content, begin, begin + bytes});
        }
        std::uint64_t after_first = 0;
        for (const auto& one : stretches_) after_first += one.end - one.begin;
        while (stretches_.size() > 1) {
            after_first -= stretches_.front().end - stretches_.front().begin;
            if (after_first < bytes_min && stretches_.size() <= stretches_max) break;
            stretches_.pop_front();
        }
    }
    [[nodiscard]] bool has(std::uint64_t content) const {
        for (const auto& one : stretches_)
            if (one.content == content) return true;
        return false;
    }
    /// The contents that have to be read again, and from where, to get the last `bytes` again; the
    /// first one in `first`, 0 for none. Of more than is known, all that is.
    [[nodiscard]] std::map<std::uint64_t, std::uint64_t> back(std::uint64_t bytes,
                                                              std::uint64_t& first) const {
        std::map<std::uint64_t, std::uint64_t> again;
        first = 0;
        for (auto one = stretches_.rbegin(); one != stretches_.rend() && bytes > 0; ++one) {
            const auto taken = std::min(bytes, one->end - one->begin);
            again[one->content] = one->end - taken;
            first = one->content;
            bytes -= taken;
        }
        return again;
    }

  private:
    std::deque<stretch> stretches_;
};

}  // namespace tallyfs::trail
