// Results of operations that can be expected to fail, and failures that end the program.
// Source: Boost.System (https://www.boost.org/doc/libs/release/libs/system/).
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>

namespace tallyfs {

using error_code = boost::system::error_code;

/// A value, or why there is none. Every module that fails in ways of its own has an error
/// category; operating system failures stay in boost::system::generic_category().
template <class T>
using result = boost::system::result<T>;

/// The error of the last system call of this thread (errno).
[[nodiscard]] error_code last_system_error() noexcept;

/// Ends start-up: what is wrong and what to do about it, as the user will read it.
/// `exit_code` is 1 for a failure and 2 for wrong usage or configuration.
class startup_error : public std::runtime_error {
  public:
    explicit startup_error(const std::string& message, int exit_code = 1)
        : std::runtime_error(message), exit_code_(exit_code) {}
    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  private:
    int exit_code_;
};

}  // namespace tallyfs
