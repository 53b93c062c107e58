// Reads what has fields() from a parsed JSON object: unknown fields ignored, bad ones noticed.
// Format: docs/formats.md, "Approvals".
#pragma once

#include "approval/fields.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace tallyfs::approval {

class json_reader {
  public:
    explicit json_reader(const nlohmann::json& object) : object_(object) {
        good_ = object.is_object();
    }
    [[nodiscard]] bool good() const noexcept { return good_; }

    template <class Value>
    void must(std::string_view name, Value& value) {
        const auto* const found = find(name);
        good_ = good_ && found != nullptr && take(*found, value);
    }
    template <class Value>
    void may(std::string_view name, Value& value) {
        const auto* const found = find(name);
        good_ = good_ && (found == nullptr || take(*found, value));
    }

  private:
    [[nodiscard]] const nlohmann::json* find(std::string_view name) const {
        if (!good_) return nullptr;
        const auto found = object_.find(std::string(name));
        return found == object_.end() ? nullptr : &*found;
    }
    /// An empty string is never written, so a required one that is empty is damage.
    static bool take(const nlohmann::json& from, std::string& value) {
        if (from.is_string()) value = from.get_ref<const std::string&>();
        return from.is_string() && !value.empty();
    }
    static bool take(const nlohmann::json& from, bool& value) {
        if (from.is_boolean()) value = from.get<bool>();
        return from.is_boolean();
    }
    static bool take(const nlohmann::json& from, std::uint32_t& value) {
        const auto wide = from.is_number_unsigned() ? from.get<std::uint64_t>() : ~std::uint64_t{};
        value = static_cast<std::uint32_t>(wide);
        return wide <= std::numeric_limits<std::uint32_t>::max();
    }
    static bool take(const nlohmann::json& from, std::optional<std::uint32_t>& value) {
        return take(from, value.emplace());
    }
    static bool take(const nlohmann::json& from, std::chrono::seconds& value) {
        std::uint32_t count = 0;
        const bool good = take(from, count);
        value = std::chrono::seconds(count);
        return good;
    }
    static bool take(const nlohmann::json& from, wall_time& value) {
        const auto time =
            from.is_string() ? parse_rfc3339(from.get_ref<const std::string&>()) : std::nullopt;
        if (time) value = *time;
        return time.has_value();
    }
    static bool take(const nlohmann::json& from, parameters& value) {
        if (!from.is_object()) return false;
        for (const auto& [name, text] : from.items()) {
            if (!text.is_string()) return false;
            value.emplace(name, text.get_ref<const std::string&>());
        }
        return true;
    }
    template <class Item>
    static bool take(const nlohmann::json& from, std::vector<Item>& items) {
        items.clear();
        if (!from.is_array()) return false;
        for (const auto& one : from) {
            if (!take(one, items.emplace_back())) return false;
        }
        return true;
    }
    template <class Value>
    static bool take(const nlohmann::json& from, Value& value) {
        if constexpr (std::is_enum_v<Value>) {
            const auto parsed =
                parse_word<Value>(from.is_string() ? from.get_ref<const std::string&>() : "");
            if (parsed) value = *parsed;
            return parsed.has_value();
        } else {
            json_reader inner(from);
            fields(value, inner);
            return inner.good();
        }
    }

    const nlohmann::json& object_;
    bool good_ = true;
};

}  // namespace tallyfs::approval
