// Everything that the handlers of one mount share. Which thread does what: docs/fuse.md,
// "Threads".
#pragma once

#include "fuse/inode_table.hpp"
#include "fuse/passthrough.hpp"
#include "fuse/publisher.hpp"

#include <tallyfs/fuse/mount.hpp>

#include <sys/types.h>

namespace tallyfs::fuse {

/// Jobs on the view thread may outlive the session, but hold this while they run: they must
/// touch the session only through a claim of `parked`.
struct context : std::enable_shared_from_this<context> {
    context(const mount_options& options, std::shared_ptr<const tree::directory> root,
            tree::view_thread& answering);

    tree::view_thread& views;
    const uid_t uid;
    const gid_t gid;
    const wall_time started;  ///< ctime of directories
    inode_table inodes;
    renderings rendered;
    answers known;
    parked_requests parked;
    handle_table handles;
    passthrough direct;
    std::atomic<bool> agreed{false};  ///< INIT has been answered
    publisher sizes;
};

/// The context of the mount that a request belongs to.
[[nodiscard]] context& context_of(fuse_req_t request) noexcept;

/// Who makes the request: uid, and all groups of the process.
[[nodiscard]] tree::user user_of(fuse_req_t request);

/// A text that takes seconds to render (tree::text_file, `slow`), and the key of its rendering.
struct slow_text {
    std::string key;
    tree::text_file text;
};
/// What has to be rendered apart from the views before the view thread can answer: `then` gets the
/// renderings, in that order.
struct apart {
    std::vector<slow_text> texts;
    std::function<outcome(context& served, const std::vector<rendering>& made)> then;
};
using decision = std::variant<outcome, apart>;

/// Parks the request and lets the view thread decide. `current` as in tree::view_thread::job.
/// Every request is answered, also if the view thread drops the job.
using question = std::function<decision(context& served, bool current)>;
void ask_views(context& served, fuse_req_t request, question ask);

/// Answers a parked request once, from any thread; EIO if it is destroyed without having done so.
class completion {
  public:
    completion(context& served, parked_requests::ticket ticket)
        : served_(served.weak_from_this()), ticket_(ticket) {}
    completion(const completion&) = delete;
    completion& operator=(const completion&) = delete;
    ~completion();
    void answer(outcome result);

  private:
    std::weak_ptr<context> served_;
    const parked_requests::ticket ticket_;
};

}  // namespace tallyfs::fuse
