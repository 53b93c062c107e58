// Calls of many services as lines of the journal: what the proxy would have written.
// Format: docs/formats.md, "A call's line". The same lines for the same shape, day and times.
#pragma once

#include "year/profiles.hpp"
#include "year/random.hpp"

#include <string>
#include <vector>

namespace tallyfs::year {

/// The calls of one day. Days do not depend on each other, so they can be made side by side.
class traffic {
  public:
    /// `day_number` tells the days of a shape apart.
    traffic(const shape& wanted, int day_number);

    /// Appends the line of the next call, which ended at `now`.
    void append(std::string& out, wall_time now);

  private:
    [[nodiscard]] std::size_t choose_job();
    void measure(const job& of, record::call& line);
    void fail_sometimes(const job& of, record::call& line);
    void load_sometimes(const job& of, record::call& line);
    void set_prompt(std::size_t number, record::call& line);
    void set_id(record::call& line);

    std::vector<job> jobs_;
    std::vector<record::call> lines_;     ///< of each job, written over and over
    std::vector<std::uint64_t> prompts_;  ///< of each job: different ones so far
    std::uint64_t day_seed_;
    randomness chance_;
};

}  // namespace tallyfs::year
