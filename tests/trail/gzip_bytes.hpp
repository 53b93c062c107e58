// Bytes packed as gzip, for tests of what unpacks them.
// Format: RFC 1952, through zlib.
#pragma once

#include <stdexcept>
#include <string>
#include <zlib.h>

namespace tallyfs::test {

/// One member.
inline std::string gzip_bytes(const std::string& plain, int level = 6) {
    ::z_stream z{};
    if (::deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflateInit2 failed");
    std::string packed(::deflateBound(&z, plain.size()) + 32, '\0');
    z.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(plain.data()));
    z.avail_in = static_cast<::uInt>(plain.size());
    z.next_out = reinterpret_cast<::Bytef*>(packed.data());
    z.avail_out = static_cast<::uInt>(packed.size());
    const int status = ::deflate(&z, Z_FINISH);
    packed.resize(packed.size() - z.avail_out);
    ::deflateEnd(&z);
    if (status != Z_STREAM_END) throw std::runtime_error("deflate failed");
    return packed;
}

}  // namespace tallyfs::test
