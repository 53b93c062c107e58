// fusermount3, the set-user-ID program that mounts for ordinary users.
// Protocol: fusermount3(1); it sends the device over the socket named by _FUSE_COMMFD.
#pragma once

#include <tallyfs/base/file.hpp>

#include <string>
#include <vector>

namespace tallyfs::fuse {

struct helper_result {
    bool found = true;  ///< the program exists
    int exit_code = 0;
    std::string complaint;  ///< what it wrote to stderr, without a newline at its end
    unique_fd device;       ///< if it was asked for one and sent it
};

/// Runs it and waits for its end. With `wants_device` it is given a socket to send it over.
[[nodiscard]] helper_result run_helper(std::vector<std::string> arguments, bool wants_device);

}  // namespace tallyfs::fuse
