// What the proxy obeys and people can change while it runs. Written by settings, read by each
// call. Meaning of each: control/README.md.
#pragma once

#include <atomic>

namespace tallyfs::state {

/// Any thread.
struct proxy_settings {
    /// Whether an OpenAI chat stream is asked for its usage (docs/architecture.md, "Proxy").
    std::atomic<bool> usage_injection{true};
    /// 503 while the journal cannot be written.
    std::atomic<bool> refuse_when_unrecorded{false};
};

}  // namespace tallyfs::state
