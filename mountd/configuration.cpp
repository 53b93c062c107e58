#include "mountd/audit_configuration.hpp"
#include "mountd/databases_configuration.hpp"
#include "mountd/notify_configuration.hpp"
#include "mountd/options.hpp"
#include "mountd/people_configuration.hpp"
#include "mountd/table_reader.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <set>

namespace tallyfs::mountd {

namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

void read_proxy(table_reader& reader, const toml::table& where, options& into) {
    auto& proxy = into.proxy;
    std::string on_journal_failure = "continue";
    reader.take("threads", proxy.threads);
    reader.take("usage_injection", into.usage_injection);
    reader.take("record_polls", proxy.record_polls);
    reader.take("on_journal_failure", on_journal_failure);
    reader.take("head_bytes_max", proxy.head_bytes_max);
    reader.take("inference_body_bytes_max", proxy.inference_body_bytes_max);
    reader.take("connections_max", proxy.connections_max);
    if (on_journal_failure != "continue" && on_journal_failure != "refuse") {
        reader.fail(where, "on_journal_failure", "must be \"continue\" or \"refuse\"");
    }
    into.refuse_when_unrecorded = on_journal_failure == "refuse";
    if (proxy.threads == 0 || proxy.threads > 64) reader.fail(where, "threads", "must be 1 to 64");
}

void read_admin(table_reader& reader, const toml::table& root, options& into) {
    std::string admin;
    std::string readers = "everyone";
    reader.take("admin", admin);
    reader.take("admin_read", readers);
    if (!admin.empty()) {
        const auto address = reader.parsed("admin", [&] { return parse_address(admin, "admin"); });
        into.admin_host = address.host;
        into.admin_port = address.port;
    }
    if (readers != "everyone" && readers != "people") {
        reader.fail(root, "admin_read", "must be \"everyone\" or \"people\"");
    }
    into.admin_people_only = readers == "people";
}

void read_all(table_reader& reader, const toml::table& root, options& into) {
    std::string listen, upstream, mountpoint, state;
    reader.take("listen", listen);
    reader.take("upstream", upstream);
    reader.take("mountpoint", mountpoint);
    reader.take("state", state);
    reader.take("day_zone", into.day_zone);
    reader.take("log_level", into.log_level);
    reader.take("allow_other", into.allow_other);
    reader.take("fuse_workers", into.fuse_workers);
    reader.take("fuse_passthrough", into.fuse_passthrough);
    reader.take("node", into.proxy.node);
    reader.take("policies_need_approval", into.policies_need_approval);
    if (into.fuse_workers == 0 || into.fuse_workers > 64)
        reader.fail(root, "fuse_workers", "must be 1 to 64");
    if (!listen.empty()) {
        const auto address =
            reader.parsed("listen", [&] { return parse_address(listen, "listen"); });
        into.proxy.listeners.front().host = address.host;
        into.proxy.listeners.front().port = address.port;
    }
    if (!upstream.empty()) {
        into.upstream = reader.parsed("upstream", [&] { return parse_upstream(upstream); });
    }
    read_admin(reader, root, into);
    if (!mountpoint.empty()) into.mountpoint = mountpoint;
    if (!state.empty()) into.state = state;
    reader.take_tables("proxy", [&](table_reader& table) { read_proxy(table, root, into); });
    reader.take_tables("callers", [&](table_reader& table) {
        table.take_names("service_headers", into.proxy.callers.service_headers);
        table.take_names("task_headers", into.proxy.callers.task_headers);
    });
    reader.take_tables("keys", [&](table_reader& table) {
        proxy::api_key key;
        table.take("name", key.name);
        table.require(key.name, "name");
        key.key = read_secret(table, "key");
        if (key.key.empty()) table.wrong("key_file", "or key_env must be given, one of them");
        into.proxy.callers.keys.push_back(std::move(key));
    });
    reader.take_tables("ranges", [&](table_reader& table) {
        proxy::address_range range;
        table.take("name", range.name);
        table.take("range", range.range);
        table.require(range.name, "name");
        table.require(range.range, "range");
        into.proxy.callers.ranges.push_back(std::move(range));
    });
    read_people(reader, into);
    read_notify(reader, into);
    read_databases(reader, into);
    read_audit(reader, into);
    reader.take_tables("listeners", [&](table_reader& table) {
        std::string address;
        proxy::listener_options listener;
        table.take("address", address);
        table.take("service", listener.service);
        table.require(address, "address");
        const auto parsed =
            table.parsed("address", [&] { return parse_address(address, "listeners.address"); });
        listener.host = parsed.host;
        listener.port = parsed.port;
        into.proxy.listeners.push_back(std::move(listener));
    });
}

/// Messages quote what stands in the file, and are shown on a terminal.
std::string printable(std::string message) {
    std::ranges::replace_if(
        message, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return message;
}

void read_text(const std::string& text, const std::string& file, options& into) {
    toml::table root;
    try {
        root = toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        throw startup_error(file + ":" + std::to_string(error.source().begin.line) + ": " +
                                std::string(error.description()),
                            2);
    }
    table_reader reader(root, file, "");
    read_all(reader, root, into);
    reader.finish();
}

}  // namespace

void read_configuration(const std::filesystem::path& file, options& into) {
    const auto text = read_file(file, file_bytes_max);
    if (!text) {
        throw startup_error(
            "cannot read the configuration " + file.string() + ": " + text.error().message(), 2);
    }
    try {
        read_text(*text, file.string(), into);
    } catch (const startup_error& error) {
        throw startup_error(printable(error.what()), error.exit_code());
    }
}

}  // namespace tallyfs::mountd
