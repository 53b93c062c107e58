// A keyed fingerprint of what a request asks: the same for the same operation and content,
// whatever the whitespace, the order of the top-level fields and the cuts of the bytes.
// Format: SHA-256 a field, HMAC-SHA-256 (FIPS 198-1) over the fields; docs/ollama.md.
#pragma once

#include "dialect/prompt_key.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::dialect {

/// Throws std::runtime_error if OpenSSL fails. One thread at a time.
class prompt_digest {
  public:
    explicit prompt_digest(std::size_t field_count);

    /// No field is set: as it was made.
    void clear();
    /// Starts a field and forgets what stood in it before: as with Go the last one wins.
    void begin(std::size_t field);
    void forget(std::size_t field);
    /// Structure: one byte, such as '{' or 'n'.
    void mark(char tag);
    /// Text in pieces; its end is marked with `tag` and the length.
    void piece(std::string_view bytes);
    void end_text(char tag);
    /// Ends the field that was begun.
    void end();

    /// 32 hex digits over the operation's name and all fields that ended.
    [[nodiscard]] std::string result(const prompt_key& key, std::string_view name);

  private:
    struct free_context {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    void flush();

    std::unique_ptr<EVP_MD_CTX, free_context> context_;
    struct slot {
        bool set = false;
        prompt_key::digest value{};
    };
    std::vector<slot> slots_;
    std::size_t field_ = 0;
    std::uint64_t text_bytes_ = 0;
    std::string buffer_;  ///< gathers small pieces: a call of OpenSSL costs more than they do
};

}  // namespace tallyfs::dialect
