#include "postgres/connection.hpp"

#include <tallyfs/health/sql_text.hpp>

namespace tallyfs::postgres {

std::string quoted_identifier(std::string_view name) {
    return health::quoted_identifier(name);
}

std::string quoted_literal(std::string_view text) {
    return health::quoted_literal(text);
}

}  // namespace tallyfs::postgres
