// Why a command about an approval was refused: a code for programs, a sentence for the person.
// Format: docs/approvals.md, "When it is refused".
#pragma once

#include <tallyfs/base/error.hpp>

#include <boost/assert/source_location.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace tallyfs::approval {

/// One code for each reason. In brackets, the errno that a write to a control file gets.
enum class approval_errc {
    not_allowed = 1,  ///< this person has no part in it (EACCES)
    own_request,      ///< the requester, in a chain of more than one step (EACCES)
    person_used,      ///< took another step already, in person or through somebody (EACCES)
    not_known_by,     ///< the step does not count the way in which the person is known (EACCES)
    nobody_decides,   ///< a step that no configured person could ever decide (EACCES)
    already_decided,  ///< the step has its decision (EPERM)
    not_pending,      ///< the request is in another state, or an earlier step comes first (EPERM)
    expired,          ///< too late (EPERM)
    objections_open,  ///< to be answered before the last step (EPERM)
    code_needed,      ///< the step asks for the code of the plan (EINVAL)
    wrong_code,       ///< mistyped, or the evidence has changed since (EINVAL)
    bad_command,      ///< not understood, or a value that is not accepted (EINVAL)
    too_large,        ///< a text over its limit (EMSGSIZE)
    too_many,         ///< a limit of numbers: requests, objections (ENOSPC)
    unknown_number,   ///< no such request, step or objection (ENOENT)
    bad_event,        ///< a line of the journal that cannot be what it says
    unknown_event,    ///< a line of the journal that is about something else
};
[[nodiscard]] error_code make_error_code(approval_errc e) noexcept;

/// A refused command has changed nothing.
struct refusal {
    error_code code;
    std::string sentence;  ///< what is wrong and what to do, in plain English
    [[nodiscard]] const std::string& message() const noexcept { return sentence; }
};
[[nodiscard]] inline refusal refuse(approval_errc reason, std::string sentence) {
    return {make_error_code(reason), std::move(sentence)};
}

/// A value, or why there is none and what a person can do about it.
template <class T>
using outcome = boost::system::result<T, refusal>;

/// What value() of a refused outcome throws; found by Boost.System through its argument.
[[noreturn]] inline void throw_exception_from_error(const refusal& why,
                                                    const boost::source_location&) {
    throw std::runtime_error(why.sentence);
}

}  // namespace tallyfs::approval
