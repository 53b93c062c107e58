// Runs the command that prints a password: bounded in time and output, ended with all that it
// started. Source: posix_spawn(3), pidfd_open(2), docs/configuration.md, "Databases".
#pragma once

#include "postgres/connection.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace tallyfs::postgres {

/// How long the command may take; AWS, Azure and Vault answer within a second or two.
inline constexpr std::chrono::milliseconds password_command_max{10'000};
/// Tokens of cloud directories have up to some 8 KiB.
inline constexpr std::size_t password_bytes_max = 16 * 1024;

/// Never logged, never copied into a file.
struct password {
    std::string text;
};

/// The first line that `sh -c command` prints. `variables` ("PGHOST=db.example") are added to our
/// environment. It inherits none of our descriptors and none of our blocked signals. It is killed
/// with its process group after `limit`, and once `stop` can be read (-1: never). The failure has
/// how it ended and the first line of its stderr. Any thread.
[[nodiscard]] outcome<password> run_password_command(const std::string& command,
                                                     const std::vector<std::string>& variables,
                                                     std::chrono::milliseconds limit, int stop);

}  // namespace tallyfs::postgres
