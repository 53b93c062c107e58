// Takes what is known out of a table of the configuration; what is left is a mistake.
// Format: TOML (https://toml.io/en/v1.0.0), read with toml++.
#pragma once

#include "mountd/options.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/nearest.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tallyfs::mountd {

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
    [[nodiscard]] auto parsed(const char* key, Parse parse) const {
        try {
            return parse();
        } catch (const startup_error& error) {
            throw startup_error(place_of(*table_.get(key)) + error.what(), error.exit_code());
        }
    }
    void require(const std::string& value, const char* key) const {
        if (value.empty()) fail(table_, key, "is missing");
    }
    /// What is wrong with the value of `key`.
    [[noreturn]] void wrong(const char* key, const std::string& what) const {
        const toml::node* const node = table_.get(key);
        fail(node != nullptr ? *node : table_, key, what);
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
                return typing_distance(known, key.str());
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

/// A secret from a file or the environment, `<name>_file` or `<name>_env`: never in the
/// configuration itself. "" if neither is given. Throws startup_error where there is none in it.
[[nodiscard]] std::string read_secret(table_reader& reader, const std::string& name);

}  // namespace tallyfs::mountd
