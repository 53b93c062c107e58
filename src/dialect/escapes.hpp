// Makes the escapes of a JSON text ones that a strict parser takes: a lone surrogate becomes
// \ufffd, as Go reads it. Clients send them: text cut in the middle of a character by JavaScript.
// Format: RFC 8259, section 7; Go's encoding/json.
#pragma once

#include <string>
#include <string_view>

namespace tallyfs::dialect {

/// Keeps the length and everything else. Works on any cut of the bytes.
class escape_repair {
  public:
    /// Calls `out(std::string_view)` for what is settled so far.
    template <class Out>
    void feed(std::string_view bytes, Out&& out) {
        while (!bytes.empty()) {
            if (held_.empty()) {
                const auto plain = sound_bytes(bytes);
                if (plain > 0) out(bytes.substr(0, plain));
                bytes.remove_prefix(plain);
                if (bytes.empty()) return;
            }
            held_ += bytes.front();
            bytes.remove_prefix(1);
            while (const auto settled = settle()) {
                out(std::string_view(held_).substr(0, settled));
                held_.erase(0, settled);
            }
        }
    }
    template <class Out>
    void finish(Out&& out) {
        if (!held_.empty()) out(std::string_view(held_));
        held_.clear();
    }

  private:
    /// How many bytes at the front need no repair and end no escape half-way.
    [[nodiscard]] static std::size_t sound_bytes(std::string_view bytes);
    /// How many bytes of held_ are settled; repairs them.
    std::size_t settle();

    std::string held_;  ///< an escape that is not complete, at most two of six bytes
};

}  // namespace tallyfs::dialect
