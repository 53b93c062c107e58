// A model's name as Ollama takes it apart before it looks for the model. Every part that compares
// names has to read them so: what Ollama reads as another name must not slip past a policy.
// Source: internal/modelref of Ollama; docs/ollama.md, "Cloud models".
#pragma once

#include <string_view>

namespace tallyfs {

/// Views into the text that was read.
struct model_reference {
    std::string_view whole;  ///< without blanks around it
    std::string_view base;   ///< without what says where it runs: "gpt-oss" of "gpt-oss:120b-cloud"
    std::string_view tag;    ///< "120b" of that; "" where `base` has the tag, or there is none
    bool cloud = false;      ///< ":cloud" or "-cloud", in any case, blanks around it
};
[[nodiscard]] model_reference read_model_reference(std::string_view written) noexcept;

}  // namespace tallyfs
