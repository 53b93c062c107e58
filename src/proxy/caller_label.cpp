#include "proxy/caller_label.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>

#include <array>

namespace tallyfs::proxy {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

std::uint8_t byte_at(std::string_view text, std::size_t i) {
    return static_cast<std::uint8_t>(text[i]);
}

/// Length of the UTF-8 character at `i`, or 0 if there is none (RFC 3629, section 4).
std::size_t character_bytes(std::string_view text, std::size_t i) {
    const std::uint8_t lead = byte_at(text, i);
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const std::size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() - i < bytes) return 0;
    for (std::size_t k = 1; k < bytes; ++k)
        if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
    const std::uint8_t second = byte_at(text, i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    return bytes;
}

/// Characters that show as nothing, or that would change how the text around them is shown.
bool is_blank(std::string_view character) {
    if (character.size() == 1) {
        const auto byte = byte_at(character, 0);
        return byte <= 0x20 || byte == 0x7F;
    }
    const auto within = [&](std::string_view first, std::string_view last) {
        return character.size() == first.size() && character >= first && character <= last;
    };
    return within("\xC2\x80", "\xC2\xA0") ||                  // controls, no-break space
           character == "\xC2\xAD" ||                         // soft hyphen
           character == "\xD8\x9C" ||                         // mark of direction
           character == "\xE1\xA0\x8E" ||                     // vowel separator
           within("\xF3\xA0\x80\x80", "\xF3\xA0\x81\xBF") ||  // tags
           within("\xE2\x80\x80", "\xE2\x80\x8F") ||          // spaces, zero width, direction marks
           within("\xE2\x80\xA8", "\xE2\x80\xAF") ||  // line separators, embeddings, narrow space
           within("\xE2\x81\x9F", "\xE2\x81\xAF") ||  // joiners, isolates
           character == "\xE3\x80\x80" || character == "\xEF\xBB\xBF";
}

/// The part of a text after its last `separator`.
std::string_view last_part(std::string_view text, char separator) {
    return text.substr(text.rfind(separator) + 1);  // npos + 1 is 0: the whole text
}

constexpr std::array<std::string_view, 12> script_extensions{
    ".py", ".pyw", ".pyz", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".pl", ".jar", ".sh"};

constexpr std::array<std::string_view, 6> container_kinds{"docker", "podman",    "containerd",
                                                          "crio",   "container", "lxc"};

}  // namespace

std::optional<std::string> clean_label(std::string_view text) {
    std::string label;
    bool pending_space = false;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t bytes = character_bytes(text, i);
        const std::string_view character = bytes == 0 ? replacement : text.substr(i, bytes);
        i += bytes == 0 ? 1 : bytes;
        if (is_blank(character)) {
            pending_space = !label.empty();
            continue;
        }
        const std::size_t added_bytes = character.size() + (pending_space ? 1 : 0);
        if (label.size() + added_bytes > limits::label_bytes_max) break;
        if (pending_space) label += ' ';
        pending_space = false;
        label += character;
    }
    if (label.empty()) return std::nullopt;
    return label;
}

std::string_view user_agent_product(std::string_view user_agent) {
    const std::size_t start = user_agent.find_first_not_of(" \t");
    if (start == std::string_view::npos) return {};
    user_agent.remove_prefix(start);
    return user_agent.substr(0, user_agent.find_first_of("/ \t"));
}

std::string_view process_label(const local_process& process) {
    constexpr std::string_view service_suffix = ".service";
    std::string_view cgroup = last_part(process.cgroup, '/');
    if (cgroup.ends_with(service_suffix)) cgroup.remove_suffix(service_suffix.size());
    if (clean_label(cgroup)) return cgroup;
    std::string_view name = process.name;
    for (const auto extension : script_extensions)
        if (name.size() > extension.size() && name.ends_with(extension))
            return name.substr(0, name.size() - extension.size());
    return name;
}

std::string cgroup_principal(std::string_view cgroup) {
    const std::string text = clean_label(cgroup).value_or("");
    const std::size_t colon = text.find(':');
    const bool unit = text.find('/') != std::string::npos || text.ends_with(".service");
    if (colon != std::string::npos && !unit)
        for (const auto kind : container_kinds)
            if (std::string_view(text).substr(0, colon) == kind) return text;
    // Again: with its kind before it, the name of a user's own unit can be too long.
    return clean_label("unit:" + text).value_or("unit:");
}

}  // namespace tallyfs::proxy
