// Records of pgAudit: what is taken for one is written again from its fields as it was.
// Format: include/tallyfs/audit/pgaudit_record.hpp.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/audit/pgaudit_record.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace tallyfs::fuzz {

namespace {

/// The fields as any reader of CSV takes them apart.
std::vector<std::string> fields_of(std::string_view csv) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < csv.size(); ++i) {
        if (csv[i] == '"' && quoted && i + 1 < csv.size() && csv[i + 1] == '"') {
            fields.back() += csv[i++];
        } else if (csv[i] == '"') {
            quoted = !quoted;
        } else if (csv[i] == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += csv[i];
        }
    }
    return fields;
}

/// As pgAudit writes it.
std::string written(const std::vector<std::string>& fields) {
    std::string csv;
    for (const auto& field : fields) {
        if (!csv.empty()) csv += ',';
        if (field.find_first_of(",\"\r\n") == field.npos) {
            csv += field;
            continue;
        }
        csv += '"';
        for (const char c : field) csv += c == '"' ? std::string("\"\"") : std::string(1, c);
        csv += '"';
    }
    return csv;
}

bool is_sentinel(std::string_view text) {
    return text == "<not logged>" || text == "<none>" || text == "<previously logged>" ||
           text == "???";
}

void check_field(std::string_view read, const std::string& meant, std::string_view what) {
    require(read == meant || (read.empty() && is_sentinel(meant)), what);
}

void check_record(std::string_view csv, const audit::pgaudit_record& r) {
    const auto fields = fields_of(csv);
    require(fields.size() == 9 || fields.size() == 10, "a record has 9 or 10 fields");
    require_equal(written(fields), std::string(csv), "a record is as pgAudit writes it");
    require(fields[0] == (r.by_object ? "OBJECT" : "SESSION"), "its type is one of two");
    require(fields[1] == std::to_string(r.statement_id) && r.statement_id > 0,
            "a statement has a number");
    require(fields[2] == std::to_string(r.substatement_id) && r.substatement_id > 0,
            "a substatement has a number");
    require(fields[3] == r.class_name, "its class is as written");
    check_field(r.command, fields[4], "its command is as written");
    require(fields[5] == r.object_type && fields[6] == r.object, "its object is as written");
    check_field(r.statement, fields[7], "its statement is as written");
    check_field(r.parameters, fields[8], "its parameters are as written");
    require(r.rows.has_value() == (fields.size() == 10), "rows are the tenth field");
    require(!r.rows || (fields[9] == std::to_string(*r.rows) && *r.rows >= 0), "rows are a number");
}

}  // namespace

void audit_record(std::string_view input) {
    constexpr std::string_view begins = "AUDIT: ";
    audit::pgaudit_record read;
    audit::pgaudit_record again;
    if (audit::parse_pgaudit(input, read)) {
        require(input.starts_with(begins), "a record begins like one");
        check_record(input.substr(begins.size()), read);
        require(audit::parse_pgaudit(input, again, true), "what is whole is not less when cut");
    }
    static_cast<void>(audit::parse_pgaudit(input, again, true));
    // A record is made of the input: whatever a statement holds comes back.
    std::string statement(input);
    if (statement.find('\0') != statement.npos || is_sentinel(statement)) return;
    const auto record = std::string(begins) + written({"SESSION", "1", "2", "WRITE", "DELETE",
                                                       "TABLE", "a.b", statement, statement, "3"});
    require(audit::parse_pgaudit(record, read), "any statement can be in one");
    require(read.statement == statement && read.rows == 3, "a statement comes back");
}

}  // namespace tallyfs::fuzz
