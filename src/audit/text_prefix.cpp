#include "audit/prefix_pattern.hpp"

#include <tallyfs/audit/log_reader.hpp>

#include <stdexcept>
#include <utility>

namespace tallyfs::audit {

text_prefix::text_prefix(std::string format) : format_(std::move(format)) {
    constexpr std::size_t format_bytes_max = 512;
    const prefix_pattern pattern(format_);
    if (format_.size() > format_bytes_max) {
        throw std::invalid_argument("a log_line_prefix has at most 512 bytes");
    }
    if (!pattern.has('m') && !pattern.has('t') && !pattern.has('n')) {
        throw std::invalid_argument("log_line_prefix \"" + format_ +
                                    "\" has no time: it needs %m, %t or %n");
    }
    if (!pattern.has('p') && !pattern.has('c')) {
        throw std::invalid_argument("log_line_prefix \"" + format_ +
                                    "\" has no process: it needs %p or %c");
    }
}

bool text_prefix::is_guarded() const noexcept {
    const prefix_pattern pattern(format_);
    return !pattern.has('u') && !pattern.has('d');
}

}  // namespace tallyfs::audit
