// SHA-256 of bytes, and with a key, as the hexadecimal text in which files and lines carry it.
// Source: FIPS 180-4 and RFC 2104, through OpenSSL (EVP_Digest(3), HMAC(3), CRYPTO_memcmp(3)).
#pragma once

#include <string>
#include <string_view>

namespace tallyfs {

/// 64 lower-case hexadecimal digits. Any thread. Throws std::runtime_error if OpenSSL cannot.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// The same of HMAC-SHA-256: who does not know the key cannot make it.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

/// Whether two texts are the same; how long that takes tells nothing but their lengths.
[[nodiscard]] bool equal_secrets(std::string_view one, std::string_view other) noexcept;

}  // namespace tallyfs
