// OPEN, READ and RELEASE of files.
#include "fuse/errors.hpp"
#include "fuse/operations.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>

namespace tallyfs::fuse {

namespace {

outcome opened_rendering(const std::shared_ptr<inode>& node, rendering bytes) {
    auto made = std::make_shared<handle>();
    made->node = node;
    made->bytes = std::move(bytes);
    return opened{std::move(made)};
}

/// A rendering that was made once more.
outcome opened_again(context& served, const std::shared_ptr<inode>& node, rendering bytes) {
    const auto& wanted = std::get<text_content>(node->content);
    if (bytes->size() != wanted.bytes) {
        spdlog::error("mount: {} version {} was {} bytes, now {}", node->path, wanted.version,
                      wanted.bytes, bytes->size());
        served.rendered.drop(node->key);
        return failed{EIO};
    }
    return opened_rendering(node, std::move(bytes));
}

/// The text that the inode's name stands for, if it is of the inode's version still.
std::optional<tree::text_file> current_text(const inode& node, const tree::user& asking) {
    const auto shared = directory_of(*node.parent)->find(node.name);
    const auto* own = shared ? std::get_if<tree::personal>(&shared->content) : nullptr;
    const auto found = own != nullptr ? own->of(asking) : shared;
    const auto* text = found ? std::get_if<tree::text_file>(&found->content) : nullptr;
    const auto wanted = std::get<text_content>(node.content).version;
    if (text == nullptr || text->version != wanted) return std::nullopt;
    return *text;
}

/// On the view thread: the bytes of a rendering that were dropped, made once more if the version
/// is still the one that the name stands for. ESTALE makes the kernel look the name up again.
decision open_again(context& served, const std::shared_ptr<inode>& node, const tree::user& asking) {
    const auto text = current_text(*node, asking);
    if (!text) return failed{ESTALE};
    if (auto bytes = served.rendered.find(node->key)) {
        return opened_again(served, node, std::move(bytes));
    }
    if (!text->slow) return opened_again(served, node, served.rendered.make(node->key, *text));
    return apart{{{node->key, *text}},
                 [node, asking](context& answering, const std::vector<rendering>& made) -> outcome {
                     // What it shows may have changed while it was made.
                     if (current_text(*node, asking)) {
                         return opened_again(answering, node, made.front());
                     }
                     answering.rendered.drop(node->key);
                     return failed{ESTALE};
                 }};
}

void open_text(context& served, fuse_req_t request, const std::shared_ptr<inode>& node) {
    if (auto bytes = served.rendered.find(node->key)) {
        return deliver(served, request, opened_rendering(node, std::move(bytes)));
    }
    ask_views(served, request, [node, asking = user_of(request)](context& asked, bool) {
        return open_again(asked, node, asking);
    });
}

/// All opens of an inode at one time are of one kind, as the kernel demands.
result<std::shared_ptr<handle>> open_log(context& served, const std::shared_ptr<inode>& node) {
    auto& log = std::get<log_content>(node->content);
    auto made = std::make_shared<handle>();
    made->node = node;
    const std::lock_guard lock(log.open_mutex);
    made->descriptor = log.open_descriptor.lock();
    made->backing = log.open_backing.lock();
    if (made->descriptor != nullptr) return made;
    auto file = open_file(log.path, O_RDONLY);
    if (!file) return file.error();
    made->descriptor = std::make_shared<const unique_fd>(std::move(*file));
    if (log.closed) made->backing = served.direct.give(made->descriptor->get());
    log.open_descriptor = made->descriptor;
    log.open_backing = made->backing;
    return made;
}

void read_rendering(fuse_req_t request, const std::string& bytes, std::size_t size,
                    std::size_t offset) {
    const auto start = std::min(offset, bytes.size());
    fuse_reply_buf(request, bytes.data() + start, std::min(size, bytes.size() - start));
}

/// Never clamped to the published size: the page at the end must have what is there already.
void read_log(fuse_req_t request, int descriptor, std::size_t size, off_t offset) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) {
        fuse_reply_err(request, errno_of(last_system_error()));
        return;
    }
    // Asked for what is there, libfuse need not handle a short splice, which it does by copying.
    const auto there = std::max<off_t>(status.st_size - offset, 0);
    fuse_bufvec source = FUSE_BUFVEC_INIT(std::min(size, static_cast<std::size_t>(there)));
    source.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
    source.buf[0].fd = descriptor;
    source.buf[0].pos = offset;
    fuse_reply_data(request, &source, static_cast<fuse_buf_copy_flags>(0));
}

}  // namespace

void open(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
    const auto node = served.inodes.find(number);
    if (node == nullptr) return deliver(served, request, failed{ESTALE});
    const bool writes = (file->flags & O_ACCMODE) != O_RDONLY || (file->flags & O_TRUNC) != 0;
    if (writes && node->writable() == nullptr) return deliver(served, request, failed{EROFS});
    // Looked up by one user and opened by another in between: looked up once more.
    if (node->access.owner && *node->access.owner != fuse_req_ctx(request)->uid) {
        return deliver(served, request, failed{ESTALE});
    }
    if (std::holds_alternative<text_content>(node->content)) {
        return open_text(served, request, node);
    }
    if (!std::holds_alternative<log_content>(node->content)) {
        return deliver(served, request, failed{EINVAL});
    }
    auto made = open_log(served, node);
    if (!made) return deliver(served, request, failed{errno_of(made.error())});
    deliver(served, request, opened{std::move(*made)});
}

void read(context& served, fuse_req_t request, fuse_ino_t, std::size_t size, off_t offset,
          fuse_file_info* file) {
    const auto opened_file = served.handles.find(file->fh);
    if (opened_file == nullptr || offset < 0) return deliver(served, request, failed{EBADF});
    if (opened_file->bytes != nullptr) {
        return read_rendering(request, *opened_file->bytes, size, static_cast<std::size_t>(offset));
    }
    if (opened_file->descriptor == nullptr) return deliver(served, request, failed{EISDIR});
    read_log(request, opened_file->descriptor->get(), size, offset);
}

void release(context& served, fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
    served.handles.remove(file->fh);
    fuse_reply_err(request, 0);
}

}  // namespace tallyfs::fuse
