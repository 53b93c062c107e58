// What a request is answered with, decided by one thread and sent by the same or another.
// Protocol: the fuse_reply functions of libfuse.
#pragma once

#include "fuse/handles.hpp"
#include "fuse/parked.hpp"

#include <variant>

namespace tallyfs::fuse {

struct context;

struct failed {
    int number;  ///< errno
};
/// LOOKUP: the kernel holds the inode from then on.
struct entry_of {
    std::shared_ptr<inode> node;
};
/// GETATTR.
struct attributes_of {
    std::shared_ptr<inode> node;
};
/// OPEN and OPENDIR: the handle is entered when it is sent.
struct opened {
    std::shared_ptr<const handle> made;
};
/// CREATE: both at once.
struct created {
    std::shared_ptr<const handle> made;
};
/// WRITE: all of it was taken.
struct written {
    std::size_t bytes;
};
/// UNLINK: nothing more to say.
struct done {};
using outcome = std::variant<failed, entry_of, attributes_of, opened, created, written, done>;

/// Answers a request that is not parked: at once, or, if it would tell of a log's size that the
/// kernel must be prepared for, through the publisher. From a worker; the request is gone then.
void deliver(context& served, fuse_req_t request, const outcome& result);
/// The same for a parked one. Any thread. Nothing happens if it has been answered already.
void deliver(context& served, parked_requests::ticket ticket, outcome result);
/// Sends what is decided, without looking at sizes again.
void send(context& served, fuse_req_t request, const outcome& result);

/// The growing log that the outcome tells the size of; null if there is none.
[[nodiscard]] std::shared_ptr<inode> growing_log_of(const outcome& result);

}  // namespace tallyfs::fuse
