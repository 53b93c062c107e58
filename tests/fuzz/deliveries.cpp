// What log services hand over, and the places of log files: any bytes are read within their limits,
// and the same whether they are packed or not. Formats: docs/audit.md, "From a log service".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/trail/delivered.hpp>

#include <trail/file_place.hpp>
#include <trail/read_archives.hpp>

#include <stdexcept>
#include <zlib.h>

namespace tallyfs::fuzz {

namespace {

struct unpacked {
    std::vector<std::pair<std::string, std::string>> messages;
    trail::delivery made;
};

unpacked unpack(std::string_view body) {
    unpacked all;
    std::size_t bytes = 0;
    all.made = trail::for_each_message(body, [&](const trail::delivered_message& one) {
        bytes += one.message.size();
        all.messages.emplace_back(one.id, one.message);
    });
    require(all.made.messages == all.messages.size(), "messages are counted");
    require(bytes <= 2 * trail::delivery_bytes_max, "what is unpacked is bounded");
    require(all.made.problem.find('\n') == std::string::npos, "a problem is one line");
    return all;
}

std::string packed(std::string_view plain) {
    std::string made(plain.size() + 1024, '\0');
    ::z_stream z{};
    require(::deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
    z.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(plain.data()));
    z.avail_in = static_cast<::uInt>(plain.size());
    z.next_out = reinterpret_cast<::Bytef*>(made.data());
    z.avail_out = static_cast<::uInt>(made.size());
    require(::deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib has room");
    made.resize(made.size() - z.avail_out);
    ::deflateEnd(&z);
    return made;
}

/// A text that is a place is written again as one that says the same.
template <class Place, class Parse>
void check_place(std::string_view input, Parse&& parse) {
    try {
        const Place place = parse(input);
        const auto text = to_json(place);
        require_equal(to_json(parse(text)), text, "a place is read as it was written");
    } catch (const std::invalid_argument& error) {
        require(std::string_view(error.what()).size() < 200, "a refusal is short");
    }
}

}  // namespace

void deliveries(std::string_view input) {
    check_place<trail::file_place>(input, trail::parse_file_place);
    check_place<trail::archive_place>(input, trail::parse_archive_place);
    const auto all = unpack(input);
    if (input.starts_with("\x1f\x8b")) return;
    const auto again = unpack(packed(input));
    require(again.messages == all.messages, "packing changes no message");
    require_equal(again.made.request_id, all.made.request_id, "nor the request");
    require(again.made.problem.empty() == all.made.problem.empty(), "nor whether it is whole");
}

}  // namespace tallyfs::fuzz
