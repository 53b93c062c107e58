// The name of a table as people write it and as SQL has it.
// Source: PostgreSQL, "Lexical Structure".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::health {

struct table_name {
    std::string schema;
    std::string name;

    /// "\"public\".\"orders\""
    [[nodiscard]] std::string quoted() const;
    /// As people write it, and parse_table_name() reads it: public.orders, "my.schema"."Orders".
    [[nodiscard]] std::string text() const;
    bool operator==(const table_name&) const = default;
};
/// "schema.name": the case is kept, also without quotes. A part in double quotes may hold dots, and
/// quotes doubled. nullopt: it is not two names of 1 to 63 bytes without control characters.
[[nodiscard]] std::optional<table_name> parse_table_name(std::string_view text);

}  // namespace tallyfs::health
