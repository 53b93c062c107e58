// One connection to the admin port, and what all of them share.
// Protocol: docs/architecture.md, "Admin".
#pragma once

#include <tallyfs/admin/decisions.hpp>
#include <tallyfs/admin/intake.hpp>
#include <tallyfs/http/host_rule.hpp>
#include <tallyfs/tree/node.hpp>
#include <tallyfs/tree/view_thread.hpp>

#include <boost/asio.hpp>

#include <memory>
#include <string>
#include <variant>

namespace tallyfs::admin {

namespace asio = boost::asio;
using asio::ip::tcp;

struct session_context {
    std::shared_ptr<const tree::directory> root;
    tree::view_thread& views;
    bool on_loopback = true;  ///< then the Host rule applies
    http::own_names own;
    const decisions* office = nullptr;  ///< null: no decisions are taken here
    bool people_only = false;           ///< readers say who they are
    const intake* logs = nullptr;       ///< null: no logs are taken in
    mutable int waiting = 0;            ///< connections that wait for a decision
};

/// What a path of the tree shows, as the view thread found it.
struct page {
    int status = 200;
    std::string content_type;
    std::string body;
    std::optional<tree::log_file> log;  ///< sent from disk instead of `body`
    /// Makes `body`, apart from the views because it may take seconds; null: it is made.
    std::function<std::string()> slow_body = nullptr;
};

/// Finds the page of a request target. On the view thread; `current` as in tree::view_thread.
[[nodiscard]] page find_page(const tree::directory& root, std::string_view target, bool current);

/// Serves requests until the connection ends. `shared` outlives it.
asio::awaitable<void> serve(tcp::socket socket, const session_context& shared);

}  // namespace tallyfs::admin
