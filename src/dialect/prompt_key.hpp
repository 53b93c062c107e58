// The key of prompt hashes, prepared once: keying an HMAC costs several times more than hashing a
// short prompt with it. Format: HMAC-SHA-256, RFC 2104 and FIPS 198-1.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <string_view>

namespace tallyfs::dialect {

/// Not changed once it is made: any number of threads may use one.
class prompt_key {
  public:
    using digest = std::array<unsigned char, 32>;

    /// Any bytes, also none. Throws std::runtime_error if OpenSSL fails.
    explicit prompt_key(std::string_view key);

    /// The HMAC of `message`. `context` is overwritten. Throws std::runtime_error if OpenSSL fails.
    [[nodiscard]] digest sign(std::string_view message, EVP_MD_CTX* context) const;

  private:
    struct free_context {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    using owned_context = std::unique_ptr<EVP_MD_CTX, free_context>;
    [[nodiscard]] static owned_context padded(std::string_view key, unsigned char pad);

    owned_context inner_;  ///< SHA-256 after the key's first block: copied for each message
    owned_context outer_;
};

}  // namespace tallyfs::dialect
