// Where models run: on the upstream itself, or on somebody else's machine. A name proves nothing.
// Source: `remote_host` of POST /api/show; docs/ollama.md, "Cloud models".
#pragma once

#include <tallyfs/base/clock.hpp>

#include <proxy/upstream_pool.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tallyfs::proxy {

class worker;

/// Belongs to one thread.
class model_origins {
  public:
    /// The host that serves the model; "" if the upstream does. nullopt if it was not asked in the
    /// last seconds: a name can be given to another model past this proxy.
    [[nodiscard]] std::optional<std::string> known(std::string_view model, steady_time now) const;
    void learn(std::string_view model, std::string remote_host, steady_time now);
    /// Models were copied, made, pulled or deleted.
    void forget() noexcept { known_.clear(); }

  private:
    struct origin {
        std::string remote_host;
        steady_time asked;
    };
    std::unordered_map<std::string, origin> known_;
};

/// Asks the upstream `to`, at most 5 s. "" for a model that it does not have: whoever asks for that
/// is told so by the upstream. Errors: those of the connection; bad_message for what is no answer.
[[nodiscard]] task<result<std::string>> ask_remote_host(worker& w, upstream_pointer to,
                                                        std::string model);

}  // namespace tallyfs::proxy
