#include <tallyfs/policy/text_error.hpp>

namespace tallyfs::policy {

std::string text_error::message() const {
    std::string out;
    if (!name.empty()) out += name + ": ";
    if (position > 0) out += "column " + std::to_string(position) + ": ";
    out += reason;
    if (!nearest.empty()) out += ", did you mean \"" + nearest + "\"?";
    // What was typed is quoted in the reason, and a log or a terminal shows this.
    for (char& c : out) {
        const auto value = static_cast<unsigned char>(c);
        if (value < 0x20 || value >= 0x7f) c = '?';
    }
    return out;
}

}  // namespace tallyfs::policy
