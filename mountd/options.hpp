// What the daemon was told to do: command line over configuration file over defaults.
// Format of the file: docs/configuration.md.
#pragma once

#include <tallyfs/approval/chain.hpp>
#include <tallyfs/approval/people.hpp>
#include <tallyfs/notify/notifier.hpp>
#include <tallyfs/postgres/registry.hpp>
#include <tallyfs/proxy/server.hpp>
#include <tallyfs/trail/options.hpp>

#include <filesystem>
#include <string>

namespace tallyfs::mountd {

enum class command { run, rebuild, verify, check_config, help };

struct options {
    mountd::command command = command::run;
    std::filesystem::path mountpoint;
    std::filesystem::path state;
    std::filesystem::path configuration_file;  ///< "" if there is none
    std::string admin_host = "127.0.0.1";
    std::uint16_t admin_port = 11435;
    bool admin_people_only = false;  ///< only configured people may read there
    /// gid of whom alone a top-level entry of the mount is for, by its name
    std::map<std::string, std::uint32_t, std::less<>> groups;
    std::string day_zone;  ///< "": as remembered, at first the host's
    std::string log_level = "info";
    bool allow_other = false;
    unsigned fuse_workers = 2;
    bool fuse_passthrough = true;
    proxy::server_options proxy;
    state::upstream_address upstream{"127.0.0.1", 11434};
    std::vector<approval::person> people;
    struct token {
        std::string person;
        std::string secret;  ///< compared, never shown or recorded
    };
    std::vector<token> tokens;
    std::string sign_on_header;                  ///< "" if a sign-on is not believed
    std::string sign_on_origin;                  ///< "" if the proxy in front keeps Host
    std::vector<std::string> sign_on_addresses;  ///< of the proxies whose header is believed
    std::vector<approval::chain> chains;
    bool policies_need_approval = false;  ///< a policy is changed by a request, by nobody alone
    notify::options notify;
    postgres::registry_options databases;
    trail::options audit;
    // Defaults of settings that people can change later: control/README.md.
    bool usage_injection = true;
    bool refuse_when_unrecorded = false;
    std::string expected_head;        ///< for command::verify: "" or one that was kept elsewhere
    std::string expected_audit_head;  ///< the same of the audit
    std::string help_text;            ///< for command::help: --help or --version
};

/// Reads the command line and the configuration file. Throws startup_error with exit code 2.
[[nodiscard]] options read_options(int argc, const char* const* argv);

/// Reads `file` into `into`. Throws startup_error (exit code 2) naming file, line and, for an
/// unknown key, the nearest known one.
void read_configuration(const std::filesystem::path& file, options& into);

/// "127.0.0.1:11433", "[::1]:11433", ":11433" (any address). Throws startup_error.
struct host_and_port {
    std::string host;
    std::uint16_t port = 0;
};
[[nodiscard]] host_and_port parse_address(const std::string& text, const std::string& what);
/// "http://host[:port]" or "host:port". Throws startup_error.
[[nodiscard]] state::upstream_address parse_upstream(const std::string& text);
/// Why calls cannot be sent there, or "": it is tallyfs itself.
[[nodiscard]] std::string problem_of_upstream(const state::upstream_address& address,
                                              const options& given);

}  // namespace tallyfs::mountd
