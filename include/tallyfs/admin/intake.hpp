// What the admin port takes in of audit logs: POST /audit/in/<cluster>.
// Format: docs/audit.md, "From a log service".
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tallyfs::admin {

/// An answer of HTTP.
struct intake_answer {
    int status = 200;
    std::string body;
    std::string content_type;
};

/// Both are called on the admin port's thread and return at once.
struct intake {
    /// Whether a secret opens this server's door: asked before the body is read.
    std::function<bool(std::string_view cluster, std::string_view secret)> may_post;
    /// `answer` is called once, on any thread.
    std::function<void(std::string_view cluster, std::string body,
                       std::function<void(intake_answer)> answer)>
        post;
};

}  // namespace tallyfs::admin
