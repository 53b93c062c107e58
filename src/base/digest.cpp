#include <tallyfs/base/digest.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace tallyfs {

namespace {

using digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string to_hex(const digest& bytes, unsigned size) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(std::size_t{2} * size);
    for (unsigned i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    digest made{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), made.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 failed in OpenSSL");
    }
    return to_hex(made, size);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    digest made{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), made.data(),
             &size) == nullptr) {
        throw std::runtime_error("HMAC-SHA-256 failed in OpenSSL");
    }
    return to_hex(made, size);
}

}  // namespace tallyfs
