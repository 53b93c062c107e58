#include "mountd/options.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>
#include <tallyfs/base/nearest.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <set>

namespace tallyfs::mountd {

namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;
constexpr std::size_t key_bytes_max = 4096;

/// Takes keys out of a table; what is left at the end is a mistake.
class table_reader {
  public:
    table_reader(const toml::table& table, std::string file, std::string name)
        : table_(table), file_(std::move(file)), name_(std::move(name)) {}

    template <class Value>
    void take(const char* key, Value& into) {
        known_.insert(key);
        const toml::node* const node = table_.get(key);
        if (node == nullptr) return;
        if constexpr (std::is_same_v<Value, bool>) {
            if (const auto value = node->value_exact<bool>()) return void(into = *value);
            fail(*node, key, "must be true or false");
        } else if constexpr (std::is_integral_v<Value>) {
            const auto value = node->value_exact<std::int64_t>();
            if (value && *value >= 0 && std::in_range<Value>(*value))
                return void(into = static_cast<Value>(*value));
            fail(*node, key, "must be a whole number that fits");
        } else {
            if (const auto value = node->value_exact<std::string>()) return void(into = *value);
            fail(*node, key, "must be a text in quotes");
        }
    }
    void take_names(const char* key, std::vector<std::string>& into) {
        known_.insert(key);
        const toml::node* const node = table_.get(key);
        if (node == nullptr) return;
        if (!node->is_array()) fail(*node, key, "must be a list of texts");
        into.clear();
        for (const auto& element : *node->as_array()) {
            const auto value = element.value_exact<std::string>();
            if (!value || value->empty()) fail(element, key, "must be a list of texts");
            into.push_back(*value);
        }
    }
    /// Calls read(table) for `[key]`, or for each `[[key]]`.
    template <class Read>
    void take_tables(const char* key, Read read) {
        known_.insert(key);
        const toml::node* const node = table_.get(key);
        if (node == nullptr) return;
        if (const auto* one = node->as_table()) {
            table_reader reader(*one, file_, key);
            read(reader);
            return reader.finish();
        }
        if (!node->is_array_of_tables())
            fail(*node, key, "must be a table: [" + std::string(key) + "]");
        for (const auto& element : *node->as_array()) {
            table_reader reader(*element.as_table(), file_, key);
            read(reader);
            reader.finish();
        }
    }
    /// What parse_address() and its like find wrong is said with the place.
    template <class Parse>
    [[nodiscard]] host_and_port parsed(const char* key, Parse parse) const {
        try {
            return parse();
        } catch (const startup_error& error) {
            throw startup_error(place_of(*table_.get(key)) + error.what(), error.exit_code());
        }
    }
    void require(const std::string& value, const char* key) const {
        if (value.empty()) fail(table_, key, "is missing");
    }
    [[noreturn]] void fail(const toml::node& where, std::string_view key,
                           const std::string& what) const {
        throw startup_error(
            place_of(where) + (name_.empty() ? "" : name_ + ".") + std::string(key) + " " + what,
            2);
    }
    /// Throws for a key that nobody took, naming the nearest one that is known.
    void finish() const {
        for (const auto& [key, node] : table_) {
            if (known_.contains(std::string(key.str()))) continue;
            const auto close = std::ranges::min_element(known_, {}, [&](const std::string& known) {
                return edit_distance(known, key.str());
            });
            fail(node, key.str(),
                 "is unknown" +
                     (close == known_.end() ? std::string() : "; did you mean " + *close + "?"));
        }
    }

  private:
    [[nodiscard]] std::string place_of(const toml::node& where) const {
        return file_ + ":" + std::to_string(where.source().begin.line) + ": ";
    }

    const toml::table& table_;
    std::string file_;
    std::string name_;
    std::set<std::string> known_;
};

/// A secret from a file or the environment: never in the configuration itself.
std::string secret(table_reader& reader, const toml::table& where) {
    std::string file;
    std::string variable;
    reader.take("key_file", file);
    reader.take("key_env", variable);
    if (file.empty() == variable.empty())
        reader.fail(where, "key_file", "or key_env must be given, one of them");
    std::string key;
    if (!file.empty()) {
        auto content = read_file(file, key_bytes_max);
        if (!content)
            reader.fail(where, "key_file",
                        "\"" + file + "\" cannot be read: " + content.error().message());
        key = *content;
    } else if (const char* set = std::getenv(variable.c_str()); set != nullptr) {
        key = set;
    }
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    if (key.empty()) reader.fail(where, "key_file", "holds no key");
    return key;
}

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

void read_all(table_reader& reader, const toml::table& root, options& into) {
    std::string listen, upstream, admin, mountpoint, state;
    reader.take("listen", listen);
    reader.take("upstream", upstream);
    reader.take("admin", admin);
    reader.take("mountpoint", mountpoint);
    reader.take("state", state);
    reader.take("day_zone", into.day_zone);
    reader.take("log_level", into.log_level);
    reader.take("allow_other", into.allow_other);
    reader.take("fuse_workers", into.fuse_workers);
    reader.take("fuse_passthrough", into.fuse_passthrough);
    reader.take("node", into.proxy.node);
    if (into.fuse_workers == 0 || into.fuse_workers > 64)
        reader.fail(root, "fuse_workers", "must be 1 to 64");
    if (!listen.empty()) {
        const auto address =
            reader.parsed("listen", [&] { return parse_address(listen, "listen"); });
        into.proxy.listeners.front().host = address.host;
        into.proxy.listeners.front().port = address.port;
    }
    if (!upstream.empty()) {
        const auto address = reader.parsed("upstream", [&] { return parse_upstream(upstream); });
        into.proxy.upstream_host = address.host;
        into.proxy.upstream_port = address.port;
    }
    if (!admin.empty()) {
        const auto address = reader.parsed("admin", [&] { return parse_address(admin, "admin"); });
        into.admin_host = address.host;
        into.admin_port = address.port;
    }
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
        key.key = secret(table, root);
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
