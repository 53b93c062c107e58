#include "record/fields.hpp"

#include <tallyfs/record/call.hpp>

#include <boost/system/error_category.hpp>

#include <array>
#include <string>

namespace tallyfs::record {

namespace {

constexpr std::array<std::string_view, 7> outcome_names{
    "ok", "client_gone", "upstream_error", "truncated", "refused", "timeout", "interrupted"};
constexpr std::array<std::string_view, 3> tokens_from_names{"reported", "estimated", "none"};
constexpr std::array<std::string_view, 7> service_source_names{
    "path", "header", "key", "listener", "process", "user_agent", "address"};

template <class Enum, std::size_t Size>
std::optional<Enum> find_name(const std::array<std::string_view, Size>& names,
                              std::string_view text) {
    for (std::size_t i = 0; i < Size; ++i) {
        if (names[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

class category final : public boost::system::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "tallyfs.record"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<record_errc>(value)) {
            case record_errc::not_json:
                return "not a JSON object";
            case record_errc::missing_field:
                return "a field is missing";
            case record_errc::bad_value:
                return "a field's value is of the wrong type";
        }
        return "unknown error";
    }
};

}  // namespace

std::string_view to_string(outcome value) noexcept {
    return outcome_names[static_cast<std::size_t>(value)];
}
std::string_view to_string(tokens_from value) noexcept {
    return tokens_from_names[static_cast<std::size_t>(value)];
}
std::string_view to_string(service_source value) noexcept {
    return service_source_names[static_cast<std::size_t>(value)];
}
std::optional<outcome> parse_outcome(std::string_view text) noexcept {
    return find_name<outcome>(outcome_names, text);
}
std::optional<tokens_from> parse_tokens_from(std::string_view text) noexcept {
    return find_name<tokens_from>(tokens_from_names, text);
}
std::optional<service_source> parse_service_source(std::string_view text) noexcept {
    return find_name<service_source>(service_source_names, text);
}

error_code make_error_code(record_errc e) noexcept {
    static const category instance;
    return error_code(static_cast<int>(e), instance);
}

duration busy(const call& c) noexcept {
    // Embeddings report no evaluation: then the load alone would hide the work.
    if (!c.prompt_eval_ms && !c.eval_ms) return c.duration_ms;
    const bool loaded = c.cold_start.value_or(false);
    return (loaded ? c.load_ms.value_or(duration{}) : duration{}) +
           c.prompt_eval_ms.value_or(duration{}) + c.eval_ms.value_or(duration{});
}

std::string_view destination(const call& c) noexcept {
    if (c.upstream.find("://") != std::string::npos) return c.upstream;
    if (c.endpoint == "/api/push") return "model registry";
    if (c.endpoint.starts_with("/api/experimental/web_")) return "web";
    return {};
}

}  // namespace tallyfs::record
