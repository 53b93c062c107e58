// Which of Ollama's routes a request goes to, and who the base path says is calling.
// Source: Ollama's routes at v0.33; docs/ollama.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// The form of requests, responses and errors.
enum class family : unsigned char { native, openai, responses, anthropic };
[[nodiscard]] std::string_view to_string(family value) noexcept;

/// What kind of work a route is; only inference is read, the rest is passed on.
enum class route_class : unsigned char { inference, poll, admin, account, cloud, other };
[[nodiscard]] std::string_view to_string(route_class value) noexcept;

enum class operation : unsigned char {
    none,
    generate,
    chat,
    embed,
    embeddings,
    openai_chat,
    openai_completion,
    openai_embeddings,
    transcription,
    responses,
    messages,
};

struct route {
    route_class kind = route_class::other;
    family dialect = family::native;
    operation op = operation::none;  ///< none unless inference
    std::string endpoint;            ///< the route's own pattern, "/api/chat"; "other" if unknown
};

/// `method` and `path` as in the request line (without /as/…; a query is ignored). As with
/// Ollama's router the path is matched exactly, the method too.
[[nodiscard]] route classify(std::string_view method, std::string_view path);

/// The base path `/as/<service>[/<task>]/…`, taken off a request target.
struct base_path {
    std::optional<std::string> service;  ///< percent-decoded
    std::optional<std::string> task;
    std::string target;  ///< what is forwarded: begins with '/', query kept as it was
};
/// A task is taken when what follows it is still a path that begins with /api/, /v1/ or is "/".
/// `/as/x/api/chat` is service x; `/as/x/nightly/api/chat` is service x, task nightly.
[[nodiscard]] base_path split_base_path(std::string_view target);

/// The first value of a name in the query of a request target, as Go decodes it; nullopt if there
/// is none. Ollama takes a transcription's model from there before it looks into the form.
[[nodiscard]] std::optional<std::string> query_value(std::string_view target,
                                                     std::string_view name);

/// Whether the name says that the model runs on Ollama's cloud: a tag of `cloud` or one that ends
/// in `-cloud`. A name that does not say so proves nothing (docs/ollama.md, "Cloud models").
[[nodiscard]] bool is_cloud_name(std::string_view model);

/// An error in the form that clients of the dialect expect. `message` is plain text.
struct error_reply {
    std::string content_type;
    std::string body;
};
[[nodiscard]] error_reply make_error(family dialect, int status, std::string_view message);

}  // namespace tallyfs::dialect
