// What the fuzz targets share: requirements, and inputs cut into pieces.
// Source: https://llvm.org/docs/LibFuzzer.html; docs/fuzzing.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::fuzz {

/// Ends the program, which libFuzzer takes as a finding, where something does not hold.
inline void require(bool holds, std::string_view what) {
    if (holds) return;
    std::cerr << "\nrequirement not met: " << what << std::endl;
    std::abort();
}

/// The same for two texts that have to be equal, which are shown.
inline void require_equal(std::string_view a, std::string_view b, std::string_view what) {
    if (a != b) std::cerr << "\none:   " << a << "\nother: " << b << '\n';
    require(a == b, what);
}

/// Takes a byte off the front of the input as one of `count` choices; the first one if there is
/// none. Letters and digits choose as well as any byte, so that inputs can be written by hand.
inline std::size_t take_choice(std::string_view& input, std::size_t count) {
    if (input.empty()) return 0;
    const auto byte = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    return byte % count;
}

/// Takes what stands before the next `separator` off the front of the input, with the separator.
inline std::string_view take_until(std::string_view& input, char separator) {
    const auto end = std::min(input.find(separator), input.size());
    const auto taken = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return taken;
}

/// How many ways of cutting in_pieces() knows: whole, single bytes, small pieces, larger pieces.
inline constexpr int cuttings = 4;

/// Calls `use(std::string_view)` for one piece of `bytes` after the other. Where they are cut
/// depends on the bytes alone, so that a finding can be repeated. Each piece has memory of its
/// own: who reads beyond its end is found out.
template <class Use>
void in_pieces(std::string_view bytes, int cutting, Use&& use) {
    std::mt19937_64 random(std::hash<std::string_view>{}(bytes));
    while (!bytes.empty()) {
        std::size_t size = bytes.size();
        if (cutting == 1) size = 1;
        if (cutting == 2) size = 1 + random() % 7;
        if (cutting == 3) size = 1 + random() % 199;
        const auto piece = bytes.substr(0, size);
        const std::vector<char> own(piece.begin(), piece.end());
        use(std::string_view(own.data(), own.size()));
        bytes.remove_prefix(piece.size());
    }
}

}  // namespace tallyfs::fuzz
