// SHA-256 of bytes, as the hexadecimal text in which files and lines carry it.
// Source: FIPS 180-4, through OpenSSL (EVP_Digest(3)).
#pragma once

#include <string>
#include <string_view>

namespace tallyfs {

/// 64 lower-case hexadecimal digits. Any thread. Throws std::runtime_error if OpenSSL cannot.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace tallyfs
