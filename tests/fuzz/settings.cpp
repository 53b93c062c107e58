// What people set: the configuration file, read or refused with a message that names the place.
// Format: docs/configuration.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/file.hpp>

#include <mountd/options.hpp>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace tallyfs::fuzz {

namespace {

/// A file that exists in memory only.
class memory_file {
  public:
    explicit memory_file(std::string_view content) : file_(::memfd_create("configuration", 0)) {
        require(file_ && write_all(file_.get(), content), "a file in memory can be written");
    }
    [[nodiscard]] std::string path() const {
        return "/proc/self/fd/" + std::to_string(file_.get());
    }

  private:
    unique_fd file_;
};

void require_told(const startup_error& error, std::string_view place) {
    const std::string_view message = error.what();
    require(error.exit_code() == 2, "a wrong configuration ends with code 2");
    require(message.find(place) != message.npos, "a message names the file");
    const bool shown = std::ranges::none_of(
        message, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    require(shown, "a message is one line that can be shown");
}

void check_options(const mountd::options& read) {
    require(read.fuse_workers >= 1 && read.fuse_workers <= 64, "workers are bounded");
    require(read.proxy.threads >= 1 && read.proxy.threads <= 64, "threads are bounded");
    require(!read.proxy.listeners.empty(), "there is a port to listen on");
    for (const auto& key : read.proxy.callers.keys)
        require(!key.name.empty() && !key.key.empty(), "a key has a name and is not empty");
    try {
        const proxy::caller_rules rules(read.proxy.callers);
    } catch (const startup_error& error) {
        require(error.exit_code() == 2, "a wrong rule ends with code 2");
    }
}

void check_address(const std::string& text) {
    try {
        const auto address = mountd::parse_address(text, "listen");
        require(!address.host.empty() && address.host.find_first_of("[]/ ") == std::string::npos,
                "an address has a host without brackets");
    } catch (const startup_error& error) {
        require(error.exit_code() == 2, "a wrong address ends with code 2");
    }
    try {
        const auto upstream = mountd::parse_upstream(text);
        require(!upstream.host.empty() && upstream.port != 0 &&
                    upstream.host.find_first_of("[]/ ") == std::string::npos,
                "an upstream can be connected to");
    } catch (const startup_error& error) {
        require(error.exit_code() == 2, "a wrong upstream ends with code 2");
    }
}

}  // namespace

void settings(std::string_view input) {
    const memory_file file(input);
    mountd::options read;
    try {
        mountd::read_configuration(file.path(), read);
        check_options(read);
    } catch (const startup_error& error) {
        require_told(error, file.path());
    }
    check_address(std::string(take_until(input, '\n')));
}

}  // namespace tallyfs::fuzz
