// Who calls in the made-up traffic: services with their tasks, models and habits.
// Source: none; the fields are those of a call's line, docs/formats.md.
#pragma once

#include <tallyfs/record/call.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace tallyfs::year {

struct shape {
    unsigned services = 100;
    unsigned models = 20;
    std::uint64_t seed = 1;
};

/// What a service does again and again. `line` holds what is the same in all of its calls.
struct job {
    record::call line;
    bool embeds = false;
    std::uint32_t prompt_tokens_max = 0;
    std::uint32_t output_tokens_max = 0;
    std::uint64_t weight_end = 0;  ///< of the sum of the weights up to this one
};

/// The jobs of all services: one to four each; few services make most of the calls.
[[nodiscard]] std::vector<job> make_jobs(const shape& wanted);

}  // namespace tallyfs::year
