// Unpacks gzip, of one member or several, piece by piece: memory is bounded, whatever it holds.
// Format: RFC 1952, through zlib (https://zlib.net/manual.html).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tallyfs::trail {

/// Whether these first bytes are of gzip.
[[nodiscard]] bool is_gzip(std::string_view beginning) noexcept;

/// Not thread-safe.
class gunzip {
  public:
    gunzip();
    ~gunzip();

    /// What was done with the input and the room that were given.
    struct step {
        std::size_t taken = 0;  ///< of the input
        std::size_t made = 0;   ///< of the room
    };
    /// Takes of `packed` and fills `room`, until one is used up: where the room is full there may
    /// be more to come, also without input. After the end of a member another one may begin; zeros
    /// that fill a block are passed over.
    step unpack(std::string_view packed, std::span<char> room);
    /// "" or what is wrong: nothing is taken any more.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
    /// Between two members: this is where it can end.
    [[nodiscard]] bool is_whole() const noexcept { return between_members_; }

  private:
    struct stream;
    std::unique_ptr<stream> stream_;
    bool between_members_ = false;
    bool members_over_ = false;
    bool holds_back_ = false;  ///< the room was full: there may be more
    std::string problem_;
};

/// All of `packed` at once into `out`. The answer is "" or what is wrong; `out` has what could be
/// unpacked up to there, never more than `bytes_max`.
[[nodiscard]] std::string gunzip_all(std::string_view packed, std::size_t bytes_max,
                                     std::string& out);

}  // namespace tallyfs::trail
