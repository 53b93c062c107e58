// Decompresses a request body as it arrives, with a bound on its size and on the window.
// Format: RFC 8878; limits as in Ollama's middleware/openai.go.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <zstd.h>

namespace tallyfs::dialect {

/// Never fails loudly: after an error or too many bytes it only says that it is not complete.
class zstd_decoder {
  public:
    explicit zstd_decoder(std::size_t decoded_bytes_max);

    /// Calls `out(std::string_view)` for each decoded piece.
    template <class Out>
    void feed(std::string_view bytes, Out&& out) {
        input_ = bytes;
        for (auto piece = next(); !piece.empty(); piece = next()) out(piece);
    }
    /// The body ended with a frame, without an error.
    [[nodiscard]] bool complete() const noexcept { return at_frame_end_ && !failed_; }

  private:
    struct free_context {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    /// The next decoded piece of input_; empty if more input is needed or after an error.
    std::string_view next();

    std::unique_ptr<ZSTD_DCtx, free_context> context_;
    std::string output_;
    std::string_view input_;
    std::size_t bytes_left_;
    bool output_was_full_ = false;
    bool at_frame_end_ = false;
    bool failed_ = false;
};

}  // namespace tallyfs::dialect
