// SHA-256 of OpenSSL, looked up once: finding it costs more than hashing a short prompt.
// Source: EVP_DigestInit(3), EVP_MD_fetch(3).
#pragma once

#include <openssl/evp.h>

#include <stdexcept>

namespace tallyfs::dialect {

inline void check_openssl(bool success) {
    if (!success) throw std::runtime_error("a digest failed in OpenSSL");
}

inline const EVP_MD* sha256() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    check_openssl(algorithm != nullptr);
    return algorithm;
}

}  // namespace tallyfs::dialect
