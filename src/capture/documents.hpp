// The files of a capture, made and redacted in memory before any of them is written.
// Format: docs/formats.md, "Captures".
#pragma once

#include <tallyfs/capture/captured_call.hpp>
#include <tallyfs/policy/redaction.hpp>

#include <boost/json/value.hpp>

#include <map>
#include <string>

namespace tallyfs::capture {

/// Contents by name: "request.json".
using documents = std::map<std::string, std::string>;

/// Pure. What can be read neither as JSON nor as a stream of it is not kept, except the plain text
/// of a transcription or an error: redaction has to see what it takes out.
[[nodiscard]] documents make_documents(const captured_call& call,
                                       const policy::pattern_set& patterns);

/// Takes out what is text in a form that no pattern can read: base64, lists of numbers (tokens,
/// vectors), probabilities token by token.
void leave_out_unreadable(boost::json::value& document);

/// The request without what people wrote in it: names, roles, sizes, options.
[[nodiscard]] boost::json::value shape_of(const boost::json::value& request);

}  // namespace tallyfs::capture
