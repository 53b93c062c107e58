#include "dialect/prompt_digest.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <stdexcept>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t buffer_bytes = 4096;
constexpr std::size_t result_bytes = 16;

void check(bool success) {
    if (!success) throw std::runtime_error("the digest of a prompt failed in OpenSSL");
}

// Fetched once: looking an algorithm up costs more than hashing a short prompt.
const EVP_MD* sha256() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    check(algorithm != nullptr);
    return algorithm;
}

EVP_MAC* hmac() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    check(algorithm != nullptr);
    return algorithm;
}

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

void append_number(std::string& out, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 255);
}

}  // namespace

prompt_digest::prompt_digest(std::size_t field_count)
    : context_(EVP_MD_CTX_new()), slots_(field_count) {
    check(context_ != nullptr);
}

void prompt_digest::begin(std::size_t field) {
    field_ = field;
    slots_[field].set = false;
    text_bytes_ = 0;
    buffer_.clear();
    check(EVP_DigestInit_ex2(context_.get(), sha256(), nullptr) == 1);
}

void prompt_digest::forget(std::size_t field) {
    slots_[field].set = false;
}

void prompt_digest::mark(char tag) {
    buffer_ += tag;
    if (buffer_.size() >= buffer_bytes) flush();
}

void prompt_digest::piece(std::string_view bytes) {
    text_bytes_ += bytes.size();
    if (buffer_.size() + bytes.size() < buffer_bytes) {
        buffer_ += bytes;
        return;
    }
    flush();
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void prompt_digest::end_text(char tag) {
    append_number(buffer_, text_bytes_);
    text_bytes_ = 0;
    mark(tag);
}

void prompt_digest::end() {
    flush();
    auto& field = slots_[field_];
    check(EVP_DigestFinal_ex(context_.get(), field.value.data(), nullptr) == 1);
    field.set = true;
}

void prompt_digest::flush() {
    check(EVP_DigestUpdate(context_.get(), buffer_.data(), buffer_.size()) == 1);
    buffer_.clear();
}

std::string prompt_digest::result(std::string_view hash_key, std::string_view name) const {
    std::string message(name);
    for (std::size_t field = 0; field < slots_.size(); ++field) {
        if (!slots_[field].set) continue;
        append_number(message, field);
        for (const auto byte : slots_[field].value) message += static_cast<char>(byte);
    }
    const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(hmac()),
                                                                            &EVP_MAC_CTX_free);
    check(context != nullptr);
    std::string algorithm = "SHA256";
    const std::array parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, algorithm.data(), 0),
        OSSL_PARAM_construct_end()};
    // An empty key is a key too, but OpenSSL takes a null pointer for "none given".
    const auto* key = hash_key.empty() ? octets("") : octets(hash_key);
    digest value{};
    std::size_t size = 0;
    check(EVP_MAC_init(context.get(), key, hash_key.size(), parameters.data()) == 1);
    check(EVP_MAC_update(context.get(), octets(message), message.size()) == 1);
    check(EVP_MAC_final(context.get(), value.data(), &size, value.size()) == 1);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (std::size_t i = 0; i < result_bytes; ++i) {
        hex += digits[value[i] >> 4];
        hex += digits[value[i] & 15];
    }
    return hex;
}

}  // namespace tallyfs::dialect
