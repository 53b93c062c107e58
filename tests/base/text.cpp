#include "support/catch.hpp"

#include <tallyfs/base/text.hpp>

using namespace tallyfs;

namespace {
std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}
}  // namespace

TEST_CASE("any bytes become a valid JSON string") {
    CHECK(json("plain") == "\"plain\"");
    CHECK(json("a\"b\\c\n\t\r") == R"("a\"b\\c\n\t\r")");
    CHECK(json(std::string_view("\x00\x1f\x7f", 3)) == "\"\\u0000\\u001f\\u007f\"");
    CHECK(json("gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x99") == "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x99\"");
    CHECK(json("\xff") == "\"\xef\xbf\xbd\"");
    CHECK(json("\xed\xa0\x80").find('\xed') == std::string::npos);  // a surrogate
    CHECK(json("\xf0\x9f\xa6") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST_CASE("text is clipped between characters") {
    CHECK(clip_utf8("abc", 5) == "abc");
    CHECK(clip_utf8("abc", 2) == "ab");
    CHECK(clip_utf8("a\xc3\xbc", 2) == "a");
    CHECK(clip_utf8("\xf0\x9f\xa6\x99", 3).empty());
}

TEST_CASE("a CSV field is quoted only where it must be") {
    std::string out;
    append_csv_field(out, "plain text");
    out += ',';
    append_csv_field(out, "a,\"b\"\n");
    CHECK(out == "plain text,\"a,\"\"b\"\"\n\"");
}

TEST_CASE("any name becomes the name of one directory entry") {
    CHECK(encode_name("n8n") == "n8n");
    CHECK(encode_name("../../etc") == "%2E.%2F..%2Fetc");
    CHECK(encode_name("hf.co/user/model:q4") == "hf.co%2Fuser%2Fmodel:q4");
    CHECK(encode_name("a\nb") == "a%0Ab");
    CHECK(encode_name("50%") == "50%25");
    CHECK(encode_name("") == "%");
    CHECK(encode_name(".hidden") == "%2Ehidden");
    CHECK(encode_name("\xff") == "%FF");
}

TEST_CASE("a name that is too long is cut and stays distinct") {
    const std::string a(10'000, 'a');
    const auto encoded = encode_name(a);
    CHECK(encoded.size() <= 255);
    CHECK(encoded != encode_name(a + "b"));
    CHECK(encoded == encode_name(a));
}

TEST_CASE("letters are compared without case") {
    CHECK(equal_ignoring_case("X-Service", "x-sErvice"));
    CHECK_FALSE(equal_ignoring_case("X-Service", "X-Servic"));
    CHECK(to_lower("AbC-\xc3\x9c") == "abc-\xc3\x9c");
}
