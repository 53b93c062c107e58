#include "dialect/prompt_digest.hpp"

#include "dialect/sha256.hpp"

namespace tallyfs::dialect {
namespace {

constexpr std::size_t buffer_bytes = 4096;
constexpr std::size_t result_bytes = 16;

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, sizeof number> bytes{};
    for (char& byte : bytes) {
        byte = static_cast<char>(number >> 56);
        number <<= 8;
    }
    out.append(bytes.data(), bytes.size());
}

}  // namespace

prompt_digest::prompt_digest(std::size_t field_count)
    : context_(EVP_MD_CTX_new()), slots_(field_count) {
    check_openssl(context_ != nullptr);
}

void prompt_digest::clear() {
    for (auto& field : slots_) field.set = false;
}

void prompt_digest::begin(std::size_t field) {
    field_ = field;
    slots_[field].set = false;
    text_bytes_ = 0;
    buffer_.clear();
    check_openssl(EVP_DigestInit_ex2(context_.get(), sha256(), nullptr) == 1);
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
    check_openssl(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void prompt_digest::end_text(char tag) {
    append_number(buffer_, text_bytes_);
    text_bytes_ = 0;
    mark(tag);
}

void prompt_digest::end() {
    flush();
    auto& field = slots_[field_];
    check_openssl(EVP_DigestFinal_ex(context_.get(), field.value.data(), nullptr) == 1);
    field.set = true;
}

void prompt_digest::flush() {
    check_openssl(EVP_DigestUpdate(context_.get(), buffer_.data(), buffer_.size()) == 1);
    buffer_.clear();
}

std::string prompt_digest::result(const prompt_key& key, std::string_view name) {
    buffer_ = name;
    for (std::size_t field = 0; field < slots_.size(); ++field) {
        if (!slots_[field].set) continue;
        append_number(buffer_, field);
        const auto& value = slots_[field].value;
        buffer_.append(reinterpret_cast<const char*>(value.data()), value.size());
    }
    const auto value = key.sign(buffer_, context_.get());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex(2 * result_bytes, '0');
    for (std::size_t i = 0; i < result_bytes; ++i) {
        hex[2 * i] = digits[value[i] >> 4];
        hex[2 * i + 1] = digits[value[i] & 15];
    }
    return hex;
}

}  // namespace tallyfs::dialect
