#include "fuse/passthrough.hpp"

#include "fuse/context.hpp"

#include <tallyfs/base/log.hpp>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace tallyfs::fuse {

namespace {

// The kernel's interface, from linux/fuse.h 7.40: older headers lack it.
struct backing_map {
    std::int32_t fd;
    std::uint32_t flags;
    std::uint64_t padding;
};
struct open_out {
    std::uint64_t fh;
    std::uint32_t open_flags;
    std::int32_t backing_id;
};
constexpr unsigned long backing_open_ioctl = _IOW(229, 1, backing_map);
constexpr unsigned long backing_close_ioctl = _IOW(229, 2, std::uint32_t);
constexpr std::uint32_t open_passthrough = 1U << 7;
constexpr std::uint32_t open_noflush = 1U << 5;

struct in_header {
    std::uint32_t length, opcode;
    std::uint64_t unique, nodeid;
    std::uint32_t uid, gid, pid, padding;
};
struct out_header {
    std::uint32_t length;
    std::int32_t error;
    std::uint64_t unique;
};
struct init_in {
    std::uint32_t major, minor, max_readahead, flags, flags2;
};
struct init_out {
    std::uint32_t major, minor, max_readahead, flags;
    std::uint16_t max_background, congestion_threshold;
    std::uint32_t max_write, time_gran;
    std::uint16_t max_pages, map_alignment;
    std::uint32_t flags2, max_stack_depth;
};
constexpr std::uint32_t opcode_init = 26;
constexpr std::uint32_t init_extended = 1U << 30;  // flags: flags2 is used
constexpr std::uint32_t parallel_directories = 1U << 18;
constexpr std::uint32_t passthrough_in_flags2 = 1U << 5;  // bit 37 of both
constexpr std::uint32_t minor_with_passthrough = 40;
/// The files behind lie on a filesystem that lies on nothing else, so that an overlay may still
/// be put over this mount.
constexpr std::uint32_t stack_depth = 1;

template <class Structure>
bool read_structure(Structure& out, const char* bytes, std::size_t size) noexcept {
    if (size < sizeof out) return false;
    std::memcpy(&out, bytes, sizeof out);
    return true;
}

}  // namespace

/// The device, with the one answer changed that libfuse before 3.17 cannot give.
struct passthrough::device_calls {
    static passthrough& of(void* user_data) noexcept {
        return static_cast<context*>(user_data)->direct;
    }

    static ssize_t read(int device, void* buffer, std::size_t size, void* user_data) {
        const ssize_t received = ::read(device, buffer, size);
        if (received > 0) {
            of(user_data).see_request(static_cast<const char*>(buffer),
                                      static_cast<std::size_t>(received));
        }
        return received;
    }

    static ssize_t write(int device, iovec* parts, int count, void* user_data) {
        of(user_data).see_answer(parts, count);
        return ::writev(device, parts, count);
    }

    static ssize_t splice_out(int from, off_t* from_offset, int device, off_t* offset,
                              std::size_t size, unsigned flags, void*) {
        return ::splice(from, from_offset, device, offset, size, flags);
    }
};

backing_file::~backing_file() {
    const auto number = static_cast<std::uint32_t>(number_);
    if (::ioctl(device_, backing_close_ioctl, &number) != 0) {
        spdlog::warn("mount: the kernel keeps backing file {}: {}", number_, std::strerror(errno));
    }
}

bool passthrough::attach(fuse_session* session, int device, bool wanted) {
    device_ = device;
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
    wanted_ = wanted;
    return fuse_session_mount(session, ("/dev/fd/" + std::to_string(device)).c_str()) == 0;
#else
    wanted_ = wanted;
    fuse_custom_io calls{};
    calls.read = &device_calls::read;
    calls.writev = &device_calls::write;
    calls.splice_send = &device_calls::splice_out;
    return fuse_session_custom_io(session, &calls, device) == 0;
#endif
}

void passthrough::ask(fuse_conn_info& connection) noexcept {
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
    if (!wanted_ || !fuse_set_feature_flag(&connection, FUSE_CAP_PASSTHROUGH)) return;
    connection.max_backing_stack_depth = stack_depth;
    negotiated_ = true;
#else
    static_cast<void>(connection);
#endif
}

void passthrough::see_request(const char* bytes, std::size_t size) noexcept {
    if (init_unique_ != 0) return;
    in_header header;
    init_in init;
    if (!read_structure(header, bytes, size) || header.opcode != opcode_init) return;
    if (!read_structure(init, bytes + sizeof header, size - sizeof header)) return;
    offers_parallel_ = (init.flags & parallel_directories) != 0;
    offers_passthrough_ = wanted_ && init.minor >= minor_with_passthrough &&
                          (init.flags & init_extended) != 0 &&
                          (init.flags2 & passthrough_in_flags2) != 0;
    init_unique_ = header.unique;
}

void passthrough::see_answer(iovec* parts, int count) noexcept {
    if (init_answered_ || count != 2) return;
    out_header header;
    init_out init;
    if (!read_structure(header, static_cast<const char*>(parts[0].iov_base), parts[0].iov_len)) {
        return;
    }
    if (init_unique_ == 0 || header.unique != init_unique_ || header.error != 0) return;
    if (!read_structure(init, static_cast<const char*>(parts[1].iov_base), parts[1].iov_len)) {
        return;
    }
    // libfuse 3.14 knows this flag and does not pass it on. Without it a look-up that is parked
    // holds up every other one in its directory, and its process cannot be killed.
    if (offers_parallel_) init.flags |= parallel_directories;
    if (offers_passthrough_) {
        init.minor = std::max(init.minor, minor_with_passthrough);
        init.flags |= init_extended;
        init.flags2 |= passthrough_in_flags2;
        init.max_stack_depth = stack_depth;
        negotiated_ = true;
    }
    std::memcpy(parts[1].iov_base, &init, sizeof init);
    init_answered_ = true;
}

void passthrough::probe() noexcept {
    if (!negotiated_) return;
    active_ = true;
    const unique_fd file(::memfd_create("tallyfs-probe", MFD_CLOEXEC));
    if (give(file.get()) == nullptr) active_ = false;
}

std::shared_ptr<const backing_file> passthrough::give(int descriptor) {
    if (!active_) return nullptr;
    const backing_map map{descriptor, 0, 0};
    const int number = ::ioctl(device_, backing_open_ioctl, &map);
    if (number > 0) return std::make_shared<const backing_file>(device_, number);
    // ELOOP: the file lies on an overlay, another may not. EPERM: no file will do.
    if (errno == EPERM) active_ = false;
    return nullptr;
}

int passthrough::reply_open(fuse_req_t request, std::uint64_t handle, const backing_file& backing) {
    open_out answer{handle, open_passthrough | open_noflush, backing.number()};
    const iovec part{&answer, sizeof answer};
    return fuse_reply_iov(request, &part, 1);
}

}  // namespace tallyfs::fuse
