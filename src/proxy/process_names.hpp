// What a process is called: its program or script, and its container or unit.
// Formats: proc(5) (comm, cmdline, exe, cgroup), cgroups(7), and systemd.unit(5) for units.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::proxy {

/// `comm`, or for an interpreter (python, node, java, ruby, php, perl, a shell …) the file name of
/// the script, module, archive or class that it runs: "agent.py". `executable` is the file name
/// of the program. A comm that the kernel cut at 15 bytes is completed from the command line.
[[nodiscard]] std::string process_name(std::string_view comm, std::string_view executable,
                                       const std::vector<std::string>& arguments);

/// The container ("docker:3f2a91c7e0b2") or unit ("n8n.service") in a cgroup's path; "" if the
/// path names none. The outermost one is meant: whoever runs inside may add cgroups below. What
/// users name themselves comes after the name of their own systemd, and so is never taken for a
/// unit of the host: "user@1000.service/n8n.service".
[[nodiscard]] std::string cgroup_identity(std::string_view path);

/// The first identity in the lines of /proc/<pid>/cgroup ("4:memory:/docker/…"), or "".
[[nodiscard]] std::string identity_of_cgroup_lines(std::string_view lines);

}  // namespace tallyfs::proxy
