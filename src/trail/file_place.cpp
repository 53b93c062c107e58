#include "trail/file_place.hpp"

#include "trail/place_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::trail {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t digest_digits = 32;
constexpr int version = 1;

using namespace place_json;

placed_file parse_file(const ordered_json& of) {
    placed_file made;
    made.name = file_name(of, "name");
    made.id = {number(of, "device"), number(of, "inode")};
    made.offset = number(of, "offset");
    made.modified_ns = time(of, "modified_ns");
    made.head.bytes = number(of, "head_bytes");
    made.head.digest = text(of, "head");
    const bool is_digest = std::ranges::all_of(
        made.head.digest, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (made.head.bytes > head_bytes_max || !is_digest ||
        made.head.digest.size() != (made.head.bytes == 0 ? 0 : digest_digits))
        refuse("head");
    return made;
}

}  // namespace

std::string to_json(const file_place& place) {
    ordered_json made;
    made["v"] = version;
    made["family"] = place.family;
    made["listed_ns"] = place.listed_ns;
    made["files"] = ordered_json::array();
    for (const auto& file : place.files) {
        ordered_json one;
        one["name"] = as_characters(file.name);
        one["device"] = file.id.device;
        one["inode"] = file.id.inode;
        one["offset"] = file.offset;
        one["modified_ns"] = file.modified_ns;
        one["head_bytes"] = file.head.bytes;
        one["head"] = file.head.digest;
        made["files"].push_back(std::move(one));
    }
    return made.dump();
}

file_place parse_file_place(std::string_view text_of_place) {
    const auto read = read_place(text_of_place, file_place::bytes_max, version);
    file_place made;
    made.family = text(read, "family");
    constexpr std::array<std::string_view, 4> families{"", ".csv", ".json", ".log"};
    if (std::ranges::find(families, made.family) == families.end()) refuse("family");
    made.listed_ns = time(read, "listed_ns");
    const auto& files = field(read, "files");
    if (!files.is_array() || files.size() > file_place::files_max) refuse("files");
    for (const auto& one : files) made.files.push_back(parse_file(one));
    return made;
}

}  // namespace tallyfs::trail
