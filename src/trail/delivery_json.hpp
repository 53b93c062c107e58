// Finds the messages in the JSON of a log service, without a tree of it in memory: a hostile one
// would take many times its size. Formats: docs/audit.md, "From a log service".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tallyfs::trail {

/// Who gets what is found. Texts are valid during the call.
struct delivery_sink {
    std::function<void(std::string_view id, std::string_view message)> message;
    std::function<void(std::string_view base64)> data;  ///< of a delivery stream's record
    std::function<void(std::string_view)> request_id;
};

struct delivery_reading {
    std::string problem;        ///< "" or what is wrong
    bool is_log_entry = false;  ///< the first document is an entry of jsonlog: nothing was given
};

/// Reads one document after the other. Stops at the first thing that is no JSON; elements without
/// a message are passed over and named in the problem.
delivery_reading read_delivery_json(std::string_view text, const delivery_sink& sink);

}  // namespace tallyfs::trail
