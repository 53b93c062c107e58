// WRITE, FLUSH, CREATE, UNLINK and SETATTR: how a person changes something. Rules: docs/fuse.md,
// "Writing".
#include "fuse/attributes.hpp"
#include "fuse/errors.hpp"
#include "fuse/operations.hpp"

#include <cerrno>

namespace tallyfs::fuse {

namespace {

/// More than any command: a request for approval has some KiB. A longer one arrives in pieces,
/// of which the first is refused.
constexpr std::size_t command_bytes_max = 64 * 1024;

/// An answer that is given to the parked request with `success` or the errno.
tree::answer answering(context& served, parked_requests::ticket ticket, outcome success) {
    return [pending = std::make_shared<completion>(served, ticket),
            success = std::move(success)](const error_code& error) {
        pending->answer(error ? outcome(failed{errno_of_command(error)}) : success);
    };
}

}  // namespace

/// The offset says nothing: `>>` writes behind what the file holds now.
void write(context& served, fuse_req_t request, fuse_ino_t, const char* bytes, std::size_t size,
           off_t, fuse_file_info* file) {
    const auto opened_file = served.handles.find(file->fh);
    if (opened_file == nullptr) return deliver(served, request, failed{EBADF});
    const auto* text = opened_file->node->writable();
    if (text == nullptr) return deliver(served, request, failed{EROFS});
    std::string command;
    {
        const std::lock_guard lock(opened_file->parts_mutex);
        auto& parts = opened_file->parts;
        if (parts.size() + size > command_bytes_max) {
            return deliver(served, request, failed{EFBIG});
        }
        parts.append(bytes, size);
        if (text->is_part != nullptr && text->is_part({bytes, size})) {
            return deliver(served, request, written{size});
        }
        command = std::exchange(parts, {});
    }
    const auto writing = user_of(request);
    const auto ticket = served.parked.park(request);
    if (ticket == 0) return;
    text->write(writing, std::move(command), answering(served, ticket, written{size}));
}

/// Each close(2) of a descriptor; a shell's first one comes before anything is written.
void flush(context& served, fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
    const auto opened_file = served.handles.find(file->fh);
    std::string command;
    if (opened_file != nullptr) {
        const std::lock_guard lock(opened_file->parts_mutex);
        command = std::exchange(opened_file->parts, {});
    }
    const auto* text = opened_file != nullptr ? opened_file->node->writable() : nullptr;
    if (text == nullptr || command.empty()) return deliver(served, request, done{});
    const auto writing = user_of(request);
    const auto ticket = served.parked.park(request);
    if (ticket == 0) return;
    text->write(writing, std::move(command), answering(served, ticket, done{}));
}

void create(context& served, fuse_req_t request, fuse_ino_t parent_number, const char* name, mode_t,
            fuse_file_info*) {
    const auto parent = served.inodes.find(parent_number);
    if (parent == nullptr) return deliver(served, request, failed{ESTALE});
    ask_views(served, request,
              [parent, name = std::string(name), creating = user_of(request)](context& asked,
                                                                              bool) -> outcome {
                  const auto* directory = directory_of(*parent);
                  if (directory == nullptr) return failed{ENOTDIR};
                  const auto node = directory->create(name, creating);
                  if (!node) return failed{EROFS};
                  auto made = std::make_shared<handle>();
                  made->node = inode_of_node(asked, parent, name, *node);
                  made->bytes = std::make_shared<const std::string>();
                  return created{std::move(made)};
              });
}

void unlink(context& served, fuse_req_t request, fuse_ino_t parent_number, const char* name) {
    const auto parent = served.inodes.find(parent_number);
    if (parent == nullptr) return deliver(served, request, failed{ESTALE});
    const auto removing = user_of(request);
    const auto ticket = served.parked.park(request);
    if (ticket == 0) return;
    const auto answer = answering(served, ticket, done{});
    const auto fail = [answer](int number) {
        answer(error_code(number, boost::system::generic_category()));
    };
    // If the views are ending the job is dropped, and the answer with it: EIO.
    static_cast<void>(served.views.post([weak = served.weak_from_this(), parent,
                                         name = std::string(name), removing, answer, fail](bool) {
        const auto asked = weak.lock();
        const auto working = asked ? asked->parked.begin_work() : std::nullopt;
        if (!working) return;
        try {
            const auto* directory = directory_of(*parent);
            const auto found = directory != nullptr ? directory->find(name) : std::nullopt;
            if (!found) return fail(ENOENT);
            if (found->remove == nullptr) return fail(EROFS);
            found->remove(removing, answer);
        } catch (...) {
            fail(error_of_exception("removing a file"));
        }
    }));
}

/// The shell truncates before it writes: nothing happens until a whole value arrives.
void set_attributes(context& served, fuse_req_t request, fuse_ino_t number, struct stat* wanted,
                    int which, fuse_file_info*) {
    const auto node = served.inodes.find(number);
    if (node == nullptr) return deliver(served, request, failed{ESTALE});
    if (node->writable() == nullptr) return deliver(served, request, failed{EROFS});
    constexpr int times = FUSE_SET_ATTR_CTIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW |
                          FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW;
    const bool truncates = (which & FUSE_SET_ATTR_SIZE) != 0 && wanted->st_size == 0;
    if (!truncates || (which & ~(FUSE_SET_ATTR_SIZE | times)) != 0) {
        return deliver(served, request, failed{EPERM});
    }
    deliver(served, request, attributes_of{node});
}

}  // namespace tallyfs::fuse
