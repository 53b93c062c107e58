#include "mountd/options.hpp"

#include <tallyfs/base/error.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

#include <array>
#include <charconv>
#include <cstdlib>
#include <unistd.h>

namespace tallyfs::mountd {

namespace {

constexpr std::string_view ollama_port = ":11434";

/// Of names and addresses, with the scope of an IPv6 address ("fe80::1%eth0").
constexpr std::string_view host_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:%";

std::filesystem::path from_home(const char* variable, const char* below_home) {
    if (const char* set = std::getenv(variable); set != nullptr && *set == '/') return set;
    const char* const home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : "/") / below_home;
}

std::filesystem::path default_state() {
    if (::geteuid() == 0) return "/var/lib/tallyfs";
    return from_home("XDG_STATE_HOME", ".local/state") / "tallyfs";
}

std::filesystem::path default_configuration() {
    const auto file = ::geteuid() == 0
                          ? std::filesystem::path("/etc/tallyfs/tallyfs.toml")
                          : from_home("XDG_CONFIG_HOME", ".config") / "tallyfs" / "tallyfs.toml";
    std::error_code ignored;
    return std::filesystem::exists(file, ignored) ? file : std::filesystem::path();
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::uint16_t parse_port(std::string_view text, const std::string& whole, const std::string& what) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port > 65535) {
        throw startup_error(
            what + " \"" + whole + "\" has no valid port: write HOST:PORT, such as 127.0.0.1:11433",
            2);
    }
    return static_cast<std::uint16_t>(port);
}

/// What the command line says; empty where it says nothing.
struct command_line {
    std::string config, state, listen, upstream, admin, mountpoint, head, audit_head;
    bool allow_other = false;
};

void apply(const command_line& given, options& into) {
    if (!given.state.empty()) into.state = given.state;
    if (!given.mountpoint.empty()) into.mountpoint = given.mountpoint;
    if (given.allow_other) into.allow_other = true;
    if (!given.listen.empty()) {
        const auto address = parse_address(given.listen, "--listen");
        into.proxy.listeners.front().host = address.host;
        into.proxy.listeners.front().port = address.port;
    }
    if (!given.upstream.empty()) {
        into.upstream = parse_upstream(given.upstream);
    }
    if (!given.admin.empty()) {
        const auto address = parse_address(given.admin, "--admin");
        into.admin_host = address.host;
        into.admin_port = address.port;
    }
}

}  // namespace

host_and_port parse_address(const std::string& text, const std::string& what) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) {
        throw startup_error(
            what + " \"" + text + "\" has no port: write HOST:PORT, such as 127.0.0.1:11433", 2);
    }
    auto host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host.find_first_not_of(host_characters) != std::string::npos) {
        throw startup_error(
            what + " \"" + text + "\" has no valid host: write HOST:PORT, such as 127.0.0.1:11433",
            2);
    }
    if (host.empty()) host = "0.0.0.0";
    return {host, parse_port(std::string_view(text).substr(colon + 1), text, what)};
}

state::upstream_address parse_upstream(const std::string& text) {
    auto rest = text;
    if (rest.starts_with("https://")) {
        throw startup_error(
            "upstream \"" + text + "\": Ollama speaks plain HTTP; write http://HOST:PORT", 2);
    }
    if (rest.starts_with("http://")) rest.erase(0, 7);
    if (rest.ends_with('/')) rest.pop_back();
    if (rest.empty() || rest.find_first_of("/?#@ ") != std::string::npos) {
        throw startup_error(
            "upstream \"" + text +
                "\" is no address: write http://HOST:PORT, such as http://127.0.0.1:11434",
            2);
    }
    const auto colon = rest.rfind(':');
    const bool has_port = colon != std::string::npos &&
                          rest.find(']', colon) == std::string::npos &&
                          (rest.front() == '[' || rest.find(':') == colon);
    const auto address = parse_address(has_port ? rest : rest.append(ollama_port), "upstream");
    if (address.port == 0) {
        throw startup_error(
            "upstream \"" + text + "\" has no port that can be connected to: Ollama's is 11434", 2);
    }
    return {address.host, address.port};
}

std::string problem_of_upstream(const state::upstream_address& address, const options& given) {
    error_code unknown;
    const auto literal = boost::asio::ip::make_address(address.host, unknown);
    const bool here =
        unknown ? address.host == "localhost" : literal.is_loopback() || literal.is_unspecified();
    for (const auto& own : given.proxy.listeners) {
        if (here && own.port == address.port) {
            return "upstream \"http://" + address.text +
                   "\" is where tallyfs itself listens: calls would go round in a circle. Give "
                   "the address of Ollama, such as http://127.0.0.1:11434";
        }
    }
    return "";
}

options read_options(int argc, const char* const* argv) {
    command_line given;
    CLI::App app("Proxies Ollama, records every call, and mounts the records as files.\n",
                 "tallyfs");
    app.set_version_flag("--version", "tallyfs " TALLYFS_VERSION);
    app.footer(
        "Services call http://127.0.0.1:11433 instead of Ollama's 11434; then read\n"
        "MOUNTPOINT/status.txt and MOUNTPOINT/usage/today.txt. Manual: man tallyfs");
    app.add_option("--config", given.config, "configuration file (TOML)")->type_name("FILE");
    app.add_option("--state", given.state,
                   "where the journal is kept [" + default_state().string() + "]")
        ->type_name("DIR");
    app.add_option("--listen", given.listen, "where services call [127.0.0.1:11433]")
        ->type_name("HOST:PORT");
    app.add_option("--upstream", given.upstream, "Ollama [http://127.0.0.1:11434]")
        ->type_name("URL");
    app.add_option("--admin", given.admin, "pages and metrics [127.0.0.1:11435]")
        ->type_name("HOST:PORT");
    app.add_flag("--allow-other", given.allow_other, "other users may read the mount");
    app.add_option("mountpoint", given.mountpoint, "an empty directory")->type_name("MOUNTPOINT");
    auto* const rebuild = app.add_subcommand("rebuild", "make the ledger anew from the journal");
    auto* const check =
        app.add_subcommand("check-config", "read the configuration and say what is wrong");
    auto* const verify =
        app.add_subcommand("verify", "prove that no action and no audit event was changed or lost");
    verify->add_option("--head", given.head, "the actions must contain this line as well")
        ->type_name("NUMBER:HASH");
    verify->add_option("--audit-head", given.audit_head, "and the audit this one")
        ->type_name("NUMBER:HASH");
    // Options may stand behind the subcommand as well.
    for (auto* const sub : {rebuild, check, verify}) sub->fallthrough();

    options result;
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success&) {
        result.command = command::help;
        result.help_text = app.get_option("--version")->count() > 0
                               ? std::string(app.version()) + "\n"
                               : app.help();
        return result;
    } catch (const CLI::ParseError& error) {
        throw startup_error(std::string(error.what()) + "\nTry: tallyfs --help", 2);
    }
    result.state = default_state();
    result.proxy.node = host_name();
    result.configuration_file =
        given.config.empty() ? default_configuration() : std::filesystem::path(given.config);
    if (!result.configuration_file.empty()) read_configuration(result.configuration_file, result);
    apply(given, result);
    if (auto problem = problem_of_upstream(result.upstream, result); !problem.empty()) {
        throw startup_error(problem, 2);
    }
    if (rebuild->parsed()) result.command = command::rebuild;
    if (verify->parsed()) result.command = command::verify;
    result.expected_head = given.head;
    result.expected_audit_head = given.audit_head;
    if (check->parsed()) result.command = command::check_config;
    if (result.command == command::run && result.mountpoint.empty()) {
        throw startup_error(
            "no mountpoint given: tallyfs MOUNTPOINT, an empty directory such as ~/tally\nTry: "
            "tallyfs --help",
            2);
    }
    return result;
}

}  // namespace tallyfs::mountd
