// Who calls: the labels that services choose and the principal that they cannot.
// Rules: docs/architecture.md, "Two names for who called".
#pragma once

#include <tallyfs/record/call.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::proxy {

/// The process at the other end of a local connection, as the kernel tells it.
struct local_process {
    std::optional<std::uint32_t> uid;
    std::optional<std::int64_t> pid;
    std::string name;  ///< comm, or "" where it cannot be read
    std::string
        cgroup;  ///< container ("docker:3f2a…", 12 hex digits) or unit ("n8n.service"), or ""
};

/// Addresses of an accepted connection, as text without a scope: "127.0.0.1", "::1".
struct connection_ends {
    std::string peer_address;
    std::uint16_t peer_port = 0;
    std::string local_address;
    std::uint16_t local_port = 0;
};

/// Finds the local process behind a connection, off the proxy thread. Thread-safe.
class process_finder {
  public:
    process_finder();
    ~process_finder();
    process_finder(const process_finder&) = delete;
    process_finder& operator=(const process_finder&) = delete;

    /// Looks for the socket whose local end is the peer: sock_diag first (uid and cgroup), then
    /// /proc for the process, then the network namespaces of other processes where that is
    /// permitted. `done` is called once, on the finder's thread; with nullopt when the peer is not
    /// on this machine or cannot be found. At most 1,024 requests wait; more get nullopt at once,
    /// on the calling thread. The destructor answers those that wait with nullopt; it returns
    /// when the look-up under way is over (at most a tenth of a second). `done` does not block.
    void find(const connection_ends& ends, std::function<void(std::optional<local_process>)> done);

  private:
    class worker;
    std::unique_ptr<worker> worker_;
};

/// An address range: "10.0.0.0/8", "fd00::/8", "192.168.1.7".
struct address_range {
    std::string name;
    std::string range;
};
struct api_key {
    std::string name;  ///< the service; the key itself is compared, never shown or recorded
    std::string key;
};

struct caller_options {
    std::vector<std::string> service_headers{"X-Service"};
    std::vector<std::string> task_headers{"X-Task"};
    std::vector<api_key> keys;          ///< from Authorization: Bearer or X-Api-Key
    std::vector<address_range> ranges;  ///< the most specific one wins
};

/// The request's own words, gathered by the session.
struct request_words {
    std::optional<std::string> path_service;
    std::optional<std::string> path_task;
    /// The first value of a header, its name compared without case; "" if absent.
    std::function<std::string_view(std::string_view name)> header;
    std::string listener_service;  ///< name of the configured listening port, or ""
};

/// Every text is valid UTF-8 without control characters, at most limits::label_bytes_max long.
struct caller {
    std::string service;  ///< never empty
    std::optional<std::string> task;
    record::service_source from = record::service_source::address;
    /// "key:n8n", "docker:3f2a91c7e0b2", "unit:n8n.service", "uid:1000", "range:office" or
    /// "address:10.0.0.7". In "unit:user@1000.service/…" user 1000 chose what follows the slash:
    /// a rule for uid:1000 has to hold for these as well.
    std::string principal;
    std::optional<std::string> process;
};

inline constexpr std::string_view api_key_field = "X-Api-Key";

/// Pure; any thread. Labels: the first source that answers wins, in the order of
/// record::service_source; a blank answer is none.
/// Principal: key, then container or unit, then uid, then configured range, then address.
class caller_rules {
  public:
    /// Throws startup_error (exit code 2) for a range that is none, a blank name, an empty key and
    /// a key that is there twice. No message shows a key.
    explicit caller_rules(caller_options options);
    ~caller_rules();
    [[nodiscard]] caller identify(const request_words& words, const connection_ends& ends,
                                  const std::optional<local_process>& process) const;
    /// Whether the value of X-Api-Key is one of the keys: it is meant for us alone.
    [[nodiscard]] bool is_key(std::string_view value) const;

  private:
    struct parsed;
    std::unique_ptr<const parsed> parsed_;
};

}  // namespace tallyfs::proxy
