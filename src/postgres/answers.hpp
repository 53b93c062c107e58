// Several questions asked at once, and what was refused in words that say what to do.
// Format of what is missing: health::sample::missing.
#pragma once

#include "postgres/fields.hpp"

#include <functional>

namespace tallyfs::postgres {

struct question {
    std::string about;  ///< the view, as people know it
    std::string sql;
    std::function<void(fields&)> take;  ///< each row
};

/// "pg_stat_replication: permission denied …; GRANT pg_monitor TO tallyfs". `role` is quoted.
[[nodiscard]] std::string missing_text(const std::string& about, const failure& why,
                                       const std::string& role);
/// In one round trip. What is refused goes to `missing`; a failure only if the connection is lost.
[[nodiscard]] std::optional<failure> ask_all(connection& on, const std::vector<question>& questions,
                                             std::vector<std::string>& missing);

}  // namespace tallyfs::postgres
