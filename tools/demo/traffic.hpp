// What the services of the demo ask for: the same calls for the same seed.
// Source: none; the requests are in Ollama's dialects, docs/ollama.md.
#pragma once

#include "client.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace tallyfs::demo {

class traffic {
  public:
    explicit traffic(std::uint64_t seed) : random_(seed) {}

    /// The next call of whichever service is due.
    [[nodiscard]] call next();

  private:
    [[nodiscard]] std::size_t below(std::size_t limit);
    [[nodiscard]] bool once_in(std::size_t count) { return below(count) == 0; }
    [[nodiscard]] std::string sentence(std::size_t words);

    [[nodiscard]] call email_triage();
    [[nodiscard]] call contracts();
    [[nodiscard]] call agent();
    [[nodiscard]] call chat_page();
    [[nodiscard]] call search_index();
    [[nodiscard]] call coder();
    [[nodiscard]] call odd_one();

    std::mt19937_64 random_;
    std::uint64_t number_ = 0;
    std::uint64_t agent_turn_ = 0;
};

}  // namespace tallyfs::demo
