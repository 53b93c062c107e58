#include "dialect/zstd_decoder.hpp"

#include <new>

namespace tallyfs::dialect {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr int window_log_max = 23;  // 8 MiB: what Ollama gives its decoder

}  // namespace

zstd_decoder::zstd_decoder(std::size_t decoded_bytes_max)
    : context_(ZSTD_createDCtx()), output_(piece_bytes, '\0'), bytes_left_(decoded_bytes_max) {
    if (!context_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log_max);
}

std::string_view zstd_decoder::next() {
    while (!failed_ && (!input_.empty() || output_was_full_)) {
        ZSTD_inBuffer in{input_.data(), input_.size(), 0};
        ZSTD_outBuffer out{output_.data(), output_.size(), 0};
        const auto left = ZSTD_decompressStream(context_.get(), &out, &in);
        input_.remove_prefix(in.pos);
        failed_ = ZSTD_isError(left) != 0 || out.pos > bytes_left_;
        if (failed_) return {};
        bytes_left_ -= out.pos;
        at_frame_end_ = left == 0;
        output_was_full_ = out.pos == out.size && left != 0;
        if (out.pos > 0) return std::string_view(output_).substr(0, out.pos);
        if (in.pos == 0) return {};
    }
    return {};
}

}  // namespace tallyfs::dialect
