// What pgAudit says of a statement: the message of a log entry, taken apart.
// Source: pgaudit 1.7, README, "Format"; measured: docs/audit.md, "What is read".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::audit {

/// What every record of it begins with.
inline constexpr std::string_view pgaudit_begins = "AUDIT: ";

/// Fields that hold quotes are unquoted into `text`; the others refer to the message. Not to be
/// copied: the copy refers to the original.
struct pgaudit_record {
    bool by_object = false;  ///< OBJECT, not SESSION
    std::int64_t statement_id = 0;
    std::int64_t substatement_id = 0;
    std::string_view class_name;  ///< READ, WRITE, FUNCTION, ROLE, DDL, MISC, MISC_SET
    std::string_view command;     ///< "" for ???
    std::string_view object_type;
    std::string_view object;
    std::string_view statement;  ///< "" where it was not logged, or was before
    std::string_view
        parameters;  ///< CSV in itself; "" where there are none or they were not logged
    std::optional<std::int64_t> rows;
    bool statement_logged_before = false;  ///< <previously logged>: of the same statement id

    std::string text;  ///< keeps what had to be unquoted; kept for the next one
};

/// False for a message that is no pgAudit record, whole in its form ("AUDIT: " and 9 or 10
/// fields, each as it has to be). `into` may be used again and again. `cut`: the end of the message
/// is missing: then the record is what there is of it, from eight fields on, the last of them as
/// far as it goes.
[[nodiscard]] bool parse_pgaudit(std::string_view message, pgaudit_record& into, bool cut = false);

}  // namespace tallyfs::audit
