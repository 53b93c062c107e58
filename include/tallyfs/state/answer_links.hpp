// Signed links: with one of them one person answers one step of one request, as it was when the
// link was sent. Rules: docs/security.md, "Answers by direct message".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::state {

/// What a link stands for.
struct answer {
    std::uint32_t number = 0;
    std::uint32_t step = 0;
    std::string person;
    std::string plan;  ///< plan_hash() of what was asked; read() gives its mark instead
    wall_time expires{};
    bool operator==(const answer&) const = default;
};

/// Immutable; any thread. Its texts are secrets: whoever has one can answer.
class answer_links {
  public:
    explicit answer_links(std::string key) : key_(std::move(key)) {}

    /// Letters, digits and dots: the last part of an address. Seconds of `expires` count.
    [[nodiscard]] std::string sign(const answer& what) const;
    /// nullopt for a text that was not made by sign() with this key. Says nothing about whether it
    /// has expired.
    [[nodiscard]] std::optional<answer> read(std::string_view text) const;
    /// Whether a link that was read is about what has this plan_hash(). The hash itself is not in
    /// the link: its beginning is the code that some steps demand.
    [[nodiscard]] bool is_about(const answer& link, std::string_view plan_hash) const;

  private:
    const std::string key_;
};

}  // namespace tallyfs::state
