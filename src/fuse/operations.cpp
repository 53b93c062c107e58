#include "fuse/operations.hpp"

#include "fuse/errors.hpp"

#include <sys/statvfs.h>

#include <cerrno>

namespace tallyfs::fuse {

namespace {

/// The edge where exceptions end: whatever a handler throws, it throws before it answers.
template <auto Handler>
struct edge;

template <class... Arguments, void (*Handler)(context&, fuse_req_t, Arguments...)>
struct edge<Handler> {
    static void call(fuse_req_t request, Arguments... arguments) {
        try {
            Handler(context_of(request), request, arguments...);
        } catch (...) {
            fuse_reply_err(request, error_of_exception("a request"));
        }
    }
};

/// What would change the tree: ENOSYS would be taken for a function that this system lacks.
template <class... Arguments>
void refuse_to_write(context&, fuse_req_t request, Arguments...) {
    fuse_reply_err(request, EROFS);
}

void describe(context& served, fuse_req_t request, fuse_ino_t) {
    struct statvfs status {};
    status.f_bsize = 4096;
    status.f_frsize = 4096;
    status.f_files = served.inodes.held();
    status.f_namemax = 255;
    fuse_reply_statfs(request, &status);
}

void agree_on_protocol(void* user_data, fuse_conn_info* connection) {
    auto& served = *static_cast<context*>(user_data);
    // With it every append would drop the whole file from the page cache; it wins over explicit
    // invalidation where both are set.
    connection->want &= ~static_cast<unsigned>(FUSE_CAP_AUTO_INVAL_DATA);
    const unsigned wanted = FUSE_CAP_EXPLICIT_INVAL_DATA | FUSE_CAP_CACHE_SYMLINKS |
                            FUSE_CAP_SPLICE_WRITE | FUSE_CAP_PARALLEL_DIROPS;
    connection->want |= connection->capable & wanted;
    connection->time_gran = 1000;  // microseconds, as tree::node::changed
    served.direct.ask(*connection);
    served.agreed = true;
}

fuse_lowlevel_ops make_operations() {
    fuse_lowlevel_ops table{};
    table.init = &agree_on_protocol;
    table.lookup = &edge<&look_up>::call;
    table.getattr = &edge<&get_attributes>::call;
    table.readlink = &edge<&read_link>::call;
    table.forget = &edge<&forget>::call;
    table.forget_multi = &edge<&forget_many>::call;
    table.open = &edge<&open>::call;
    table.read = &edge<&read>::call;
    table.release = &edge<&release>::call;
    table.opendir = &edge<&open_directory>::call;
    table.readdir = &edge<&read_directory>::call;
    table.readdirplus = &edge<&read_directory_plus>::call;
    table.releasedir = &edge<&release>::call;
    table.statfs = &edge<&describe>::call;
    table.setattr = &edge<&set_attributes>::call;
    table.mknod = &edge<&refuse_to_write<fuse_ino_t, const char*, mode_t, dev_t>>::call;
    table.mkdir = &edge<&refuse_to_write<fuse_ino_t, const char*, mode_t>>::call;
    table.unlink = &edge<&unlink>::call;
    table.rmdir = &edge<&refuse_to_write<fuse_ino_t, const char*>>::call;
    table.symlink = &edge<&refuse_to_write<const char*, fuse_ino_t, const char*>>::call;
    table.rename =
        &edge<&refuse_to_write<fuse_ino_t, const char*, fuse_ino_t, const char*, unsigned>>::call;
    table.link = &edge<&refuse_to_write<fuse_ino_t, fuse_ino_t, const char*>>::call;
    table.create = &edge<&create>::call;
    table.write = &edge<&write>::call;
    table.flush = &edge<&flush>::call;
    table.setxattr =
        &edge<&refuse_to_write<fuse_ino_t, const char*, const char*, std::size_t, int>>::call;
    table.removexattr = &edge<&refuse_to_write<fuse_ino_t, const char*>>::call;
    // Left out on purpose, so that the kernel asks once and then knows: getxattr and listxattr
    // (there are none: ENOTSUP), flush and fsync (nothing to write), locks (local), lseek,
    // ioctl, poll and copy_file_range (the kernel's own ways do).
    return table;
}

}  // namespace

const fuse_lowlevel_ops& operations() noexcept {
    static const fuse_lowlevel_ops table = make_operations();
    return table;
}

}  // namespace tallyfs::fuse
