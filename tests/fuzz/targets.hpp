// The fuzz targets: each is a function over any bytes, in the file of its name.
// What each one requires: docs/fuzzing.md.
#pragma once

#include <array>
#include <string_view>

namespace tallyfs::fuzz {

void audit_line(std::string_view input);
void audit_log(std::string_view input);
void audit_record(std::string_view input);
void audit_rules(std::string_view input);
void call_line(std::string_view input);
void caller(std::string_view input);
void captures(std::string_view input);
void decisions(std::string_view input);
void deliveries(std::string_view input);
void http_request(std::string_view input);
void http_response(std::string_view input);
void journal(std::string_view input);
void migrations(std::string_view input);
void masked_sql(std::string_view input);
void multipart(std::string_view input);
void names(std::string_view input);
void open_calls(std::string_view input);
void policies(std::string_view input);
void registrations(std::string_view input);
void request_body(std::string_view input);
void response_body(std::string_view input);
void route(std::string_view input);
void settings(std::string_view input);
void tree_path(std::string_view input);
void upstream(std::string_view input);
void usage_events(std::string_view input);
void usage_request(std::string_view input);
void values(std::string_view input);

struct target {
    std::string_view name;
    void (*run)(std::string_view input);
};

// One a line: scripts/fuzz reads them here.
// clang-format off
inline constexpr std::array<target, 28> targets{{
    {"audit_line", audit_line},
    {"audit_log", audit_log},
    {"audit_record", audit_record},
    {"audit_rules", audit_rules},
    {"call_line", call_line},
    {"caller", caller},
    {"captures", captures},
    {"decisions", decisions},
    {"deliveries", deliveries},
    {"http_request", http_request},
    {"http_response", http_response},
    {"journal", journal},
    {"masked_sql", masked_sql},
    {"migrations", migrations},
    {"multipart", multipart},
    {"names", names},
    {"open_calls", open_calls},
    {"policies", policies},
    {"registrations", registrations},
    {"request_body", request_body},
    {"response_body", response_body},
    {"route", route},
    {"settings", settings},
    {"tree_path", tree_path},
    {"upstream", upstream},
    {"usage_events", usage_events},
    {"usage_request", usage_request},
    {"values", values},
}};
// clang-format on

}  // namespace tallyfs::fuzz
