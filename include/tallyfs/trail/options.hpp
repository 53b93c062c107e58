// What the configuration says of the audit: which logs are read, and who is who in them.
// Format: docs/configuration.md, "Audit".
#pragma once

#include <tallyfs/audit/log_entry.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tallyfs::trail {

/// One PostgreSQL server and where its log comes from; several ways at once are possible.
struct audited_server {
    std::string cluster;                      ///< "prod/orders-cl", as in databases/
    std::filesystem::path log;                ///< file, directory or pattern; "": none is followed
    std::filesystem::path archives;           ///< a pattern; "": none
    std::string command;                      ///< of a shell, prints what is new; "": none
    std::chrono::seconds command_every{60};   ///< from its end to its next start
    std::optional<audit::log_format> format;  ///< nullopt: as the first bytes look
    std::string log_line_prefix = "%m [%p] ";
    bool from_oldest = false;  ///< at the first start: all there is, not the newest file alone
    std::string post_token;    ///< what POST /audit/in/<cluster> needs; "": nobody may
};

struct options {
    std::vector<audited_server> servers;
    std::vector<std::string> people;    ///< users of databases, or patterns with `*`
    std::vector<std::string> services;  ///< likewise, programs
    bool expected_needs_approval = false;
};

}  // namespace tallyfs::trail
