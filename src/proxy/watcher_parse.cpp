#include "proxy/watcher.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace tallyfs::proxy {

namespace {

namespace json = boost::json;

std::optional<std::string> text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const auto& text = value->get_string();
    return std::string(text.data(), text.size());
}

/// A size or a count: nothing that is negative is one.
std::optional<std::int64_t> number_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr) return std::nullopt;
    error_code error;
    const auto number = value->to_number<std::int64_t>(error);
    if (error || number < 0) return std::nullopt;
    return number;
}

std::optional<state::loaded_model> parse_model(const json::value& value) {
    if (!value.is_object()) return std::nullopt;
    const auto& object = value.get_object();
    auto name = text_of(object, "name");
    if (!name) name = text_of(object, "model");
    if (!name) return std::nullopt;
    state::loaded_model model;
    model.name = *name;
    model.bytes = number_of(object, "size").value_or(0);
    model.context_length = number_of(object, "context_length");
    if (model.context_length == 0) model.context_length.reset();
    if (const auto expires = text_of(object, "expires_at")) {
        model.unloads_at = parse_rfc3339(*expires);
    }
    return model;
}

std::optional<json::object> parse_object(std::string_view body) {
    error_code error;
    auto value = json::parse({body.data(), body.size()}, error);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

}  // namespace

std::optional<std::vector<state::loaded_model>> parse_loaded(std::string_view body) {
    const auto object = parse_object(body);
    if (!object) return std::nullopt;
    const auto* models = object->if_contains("models");
    if (models == nullptr) return std::nullopt;
    std::vector<state::loaded_model> loaded;
    if (models->is_null()) return loaded;
    if (!models->is_array()) return std::nullopt;
    for (const auto& value : models->get_array()) {
        if (auto model = parse_model(value)) loaded.push_back(std::move(*model));
    }
    std::sort(loaded.begin(), loaded.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return loaded;
}

std::optional<std::string> parse_version(std::string_view body) {
    const auto object = parse_object(body);
    if (!object) return std::nullopt;
    return text_of(*object, "version");
}

}  // namespace tallyfs::proxy
