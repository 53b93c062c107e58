// How a generation looks in a dialect, streamed or whole.
// Source: Ollama v0.33 server/routes.go, openai/, anthropic/, middleware/; measured.
#pragma once

#include "inference.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tallyfs::standin {

class renderer {
  public:
    renderer(const inference& request, const generation& answer)
        : request_(request), answer_(answer) {}
    virtual ~renderer() = default;

    /// Header lines of the stream besides the type.
    [[nodiscard]] virtual std::string stream_headers() const { return {}; }
    [[nodiscard]] virtual std::string_view stream_type() const { return "text/event-stream"; }
    [[nodiscard]] virtual std::string_view single_type() const { return "application/json"; }
    /// What is written for piece `index` of the answer: each string is one write.
    [[nodiscard]] virtual std::vector<std::string> next(std::size_t index) = 0;
    [[nodiscard]] virtual std::vector<std::string> finish() = 0;
    /// A failure in the middle of a stream.
    [[nodiscard]] virtual std::vector<std::string> failure(std::string_view message) = 0;
    [[nodiscard]] virtual std::string single() = 0;

  protected:
    const inference& request_;
    const generation& answer_;
};

[[nodiscard]] std::unique_ptr<renderer> native_renderer(const inference&, const generation&);
[[nodiscard]] std::unique_ptr<renderer> openai_renderer(const inference&, const generation&);
[[nodiscard]] std::unique_ptr<renderer> responses_renderer(const inference&, const generation&);
[[nodiscard]] std::unique_ptr<renderer> messages_renderer(const inference&, const generation&);
[[nodiscard]] std::unique_ptr<renderer> renderer_for(const inference&, const generation&);

/// Arguments of every call that the stand-in makes, and its id.
[[nodiscard]] std::string tool_arguments();
[[nodiscard]] std::string tool_id(const generation& answer);

}  // namespace tallyfs::standin
