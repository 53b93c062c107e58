#include "trail/place_json.hpp"
#include "trail/read_archives.hpp"

namespace tallyfs::trail {

namespace {

using namespace place_json;

constexpr int version = 1;

ordered_json json_of(const archive_key& key) {
    ordered_json made;
    made["name"] = as_characters(key.name);
    made["size"] = key.size;
    made["modified_ns"] = key.modified_ns;
    return made;
}

archive_key parse_key(const ordered_json& of) {
    return {file_name(of, "name"), number(of, "size"), time(of, "modified_ns")};
}

}  // namespace

std::string to_json(const archive_place& place) {
    ordered_json made;
    made["v"] = version;
    made["at"] = place.at ? json_of(*place.at) : ordered_json();
    made["offset"] = place.offset;
    made["done"] = ordered_json::array();
    for (const auto& key : place.done) made["done"].push_back(json_of(key));
    return made.dump();
}

archive_place parse_archive_place(std::string_view text_of_place) {
    const auto read = read_place(text_of_place, archive_place::bytes_max, version);
    archive_place made;
    const auto& at = field(read, "at");
    if (!at.is_null()) made.at = parse_key(at);
    made.offset = number(read, "offset");
    const auto& done = field(read, "done");
    if (!done.is_array() || done.size() > log_files::files_max) refuse("done");
    for (const auto& one : done) made.done.push_back(parse_key(one));
    return made;
}

}  // namespace tallyfs::trail
