#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/hex.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace tallyfs {

namespace {

using digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

struct freed {
    void operator()(EVP_MD* algorithm) const noexcept { EVP_MD_free(algorithm); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// Looked up once: EVP_sha256() would be looked up again for every hash.
const EVP_MD* sha256() {
    static const std::unique_ptr<EVP_MD, freed> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    return algorithm.get();
}

std::string hex_of(const digest& bytes, unsigned size) {
    return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    thread_local const std::unique_ptr<EVP_MD_CTX, freed> context(EVP_MD_CTX_new());
    digest made;
    unsigned size = 0;
    if (context == nullptr || EVP_DigestInit_ex2(context.get(), sha256(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), made.data(), &size) != 1) {
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
