#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/hex.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace tallyfs {

namespace {

using digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string hex_of(const digest& bytes, unsigned size) {
    return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    digest made{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), made.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 failed in OpenSSL");
    }
    return hex_of(made, size);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    digest made{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), made.data(),
             &size) == nullptr) {
        throw std::runtime_error("HMAC-SHA-256 failed in OpenSSL");
    }
    return hex_of(made, size);
}

bool equal_secrets(std::string_view one, std::string_view other) noexcept {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace tallyfs
