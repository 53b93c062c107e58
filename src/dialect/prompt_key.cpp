#include "dialect/prompt_key.hpp"

#include "dialect/sha256.hpp"

#include <string>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t block_bytes = 64;  // of SHA-256
constexpr unsigned char inner_pad = 0x36;
constexpr unsigned char outer_pad = 0x5c;

std::string shortened(std::string_view key) {
    if (key.size() <= block_bytes) return std::string(key);
    prompt_key::digest hash{};
    check_openssl(EVP_Digest(key.data(), key.size(), hash.data(), nullptr, sha256(), nullptr) == 1);
    return {hash.begin(), hash.end()};
}

}  // namespace

prompt_key::owned_context prompt_key::padded(std::string_view key, unsigned char pad) {
    auto block = shortened(key);
    block.resize(block_bytes);
    for (char& byte : block) byte = static_cast<char>(static_cast<unsigned char>(byte) ^ pad);
    owned_context context(EVP_MD_CTX_new());
    check_openssl(context != nullptr && EVP_DigestInit_ex2(context.get(), sha256(), nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), block.data(), block.size()) == 1);
    return context;
}

prompt_key::prompt_key(std::string_view key)
    : inner_(padded(key, inner_pad)), outer_(padded(key, outer_pad)) {}

prompt_key::digest prompt_key::sign(std::string_view message, EVP_MD_CTX* context) const {
    digest value{};
    check_openssl(EVP_MD_CTX_copy_ex(context, inner_.get()) == 1 &&
                  EVP_DigestUpdate(context, message.data(), message.size()) == 1 &&
                  EVP_DigestFinal_ex(context, value.data(), nullptr) == 1 &&
                  EVP_MD_CTX_copy_ex(context, outer_.get()) == 1 &&
                  EVP_DigestUpdate(context, value.data(), value.size()) == 1 &&
                  EVP_DigestFinal_ex(context, value.data(), nullptr) == 1);
    return value;
}

}  // namespace tallyfs::dialect
