// What is wrong in a line that a person wrote: where, why, and what was probably meant.
// Shown as written by message(): docs/policies.md, "When a line is wrong".
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tallyfs::policy {

/// A line with the name of its file: a policy, a budget or a pattern.
struct named_text {
    std::string name;
    std::string text;
};

struct text_error {
    std::string name;          ///< of the file; "" where a text was parsed by itself
    std::size_t position = 0;  ///< column, from 1; 0 for the text as a whole
    std::string reason;        ///< plain English, without a full stop
    std::string nearest;       ///< the right word that is nearest; "" if none is near

    /// `night: column 6: unknown condition "modle", did you mean "model"?`: one line of what can
    /// be shown, whatever was in the text.
    [[nodiscard]] std::string message() const;
};

/// A value, or what is wrong in the text. value() of an error throws std::runtime_error.
template <class T>
using parsed = boost::system::result<T, text_error>;

[[noreturn]] inline void throw_exception_from_error(const text_error& error,
                                                    const boost::source_location&) {
    throw std::runtime_error(error.message());
}

}  // namespace tallyfs::policy
