#include "trail/gunzip.hpp"

#include <tallyfs/base/readable.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <zlib.h>

namespace tallyfs::trail {

namespace {

/// The most that zlib takes at once, in its own type.
constexpr std::size_t step_bytes_max = std::size_t{1} << 30;
/// zlib's windowBits: a window of 32 KiB, and 16 for the header of gzip and no other.
constexpr int gzip_window_bits = 15 + 16;
constexpr std::size_t room_bytes = std::size_t{64} << 10;

}  // namespace

struct gunzip::stream {
    ::z_stream z{};
};

bool is_gzip(std::string_view beginning) noexcept {
    return beginning.size() >= 2 && beginning[0] == '\x1f' && beginning[1] == '\x8b';
}

gunzip::gunzip() : stream_(std::make_unique<stream>()) {
    // It fails for want of memory only.
    if (::inflateInit2(&stream_->z, gzip_window_bits) != Z_OK) throw std::bad_alloc();
}

gunzip::~gunzip() {
    ::inflateEnd(&stream_->z);
}

gunzip::step gunzip::unpack(std::string_view packed, std::span<char> room) {
    step done;
    auto& z = stream_->z;
    while (problem_.empty() && done.made < room.size() &&
           (done.taken < packed.size() || holds_back_)) {
        if (between_members_) {
            members_over_ = members_over_ || packed[done.taken] == '\0';
            if (members_over_) {
                if (packed[done.taken] != '\0') {
                    problem_ = "holds something that is not gzip behind its end";
                    break;
                }
                ++done.taken;
                continue;
            }
            ::inflateReset(&z);
            between_members_ = false;
        }
        const auto input = std::min(packed.size() - done.taken, step_bytes_max);
        const auto output = std::min(room.size() - done.made, step_bytes_max);
        // zlib only reads there, but its interface does not say so.
        z.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(packed.data() + done.taken));
        z.avail_in = static_cast<::uInt>(input);
        z.next_out = reinterpret_cast<::Bytef*>(room.data() + done.made);
        z.avail_out = static_cast<::uInt>(output);
        const int status = ::inflate(&z, Z_NO_FLUSH);
        done.taken += input - z.avail_in;
        done.made += output - z.avail_out;
        holds_back_ = z.avail_out == 0 && status == Z_OK;
        if (status == Z_STREAM_END) {
            between_members_ = true;
        } else if (status == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (status != Z_OK && status != Z_BUF_ERROR) {  // it only wants more
            problem_ = "is damaged";
        }
    }
    return done;
}

std::string gunzip_all(std::string_view packed, std::size_t bytes_max, std::string& out) {
    gunzip unpacker;
    std::string room(room_bytes, '\0');
    for (;;) {
        const auto done = unpacker.unpack(packed, room);
        packed.remove_prefix(done.taken);
        const auto fits = std::min(done.made, bytes_max - out.size());
        out.append(room, 0, fits);
        if (done.made > fits) return "holds more than " + bytes_text(bytes_max);
        if (!unpacker.problem().empty()) return unpacker.problem();
        if (packed.empty() && done.made < room.size()) break;
    }
    return unpacker.is_whole() ? "" : "is cut off";
}

}  // namespace tallyfs::trail
