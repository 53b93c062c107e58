#include <tallyfs/tree/node.hpp>

namespace tallyfs::tree {

namespace {

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): never changed, as backup
/// programs remember inode numbers from one run of the daemon to the next.
std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char character : text) {
        hash ^= static_cast<unsigned char>(character);
        hash *= 0x100000001b3U;
    }
    return hash;
}

/// The finalizer of splitmix64: FNV-1a alone leaves the high bits of short texts alike.
std::uint64_t mix(std::uint64_t value) noexcept {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9U;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

constexpr std::uint64_t root_number = 1;

}  // namespace

std::uint64_t inode_of(std::string_view path) noexcept {
    while (!path.empty() && path.front() == '/') path.remove_prefix(1);
    if (path.empty()) return root_number;
    // Not negative for programs that keep inode numbers in a signed integer.
    const std::uint64_t number = mix(hash_of(path)) >> 1;
    return number > root_number ? number : number + 2;
}

}  // namespace tallyfs::tree
