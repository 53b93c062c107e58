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
    CHECK(json("a\xe2\x80\xa8z\xc2\x85") == R"("a\u2028z\u0085")");  // ends of lines to some
    CHECK(json("\xe2\x80\xae\xef\xbb\xbf") == R"("\u202e\ufeff")");
    CHECK(json("\xf3\xa0\x81\x81") == R"("\udb40\udc41")");
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

TEST_CASE("no text becomes a formula where a spreadsheet reads it") {
    for (const char first : std::string_view("=+-@\t")) {
        std::string out;
        append_csv_field(out, std::string(1, first) + "cmd()");
        CHECK(out == "'" + std::string(1, first) + "cmd()");
    }
    std::string out;
    append_csv_field(out, "=a,\"b\"");
    append_csv_field(out, "\r");
    append_csv_field(out, "a=b");
    CHECK(out == "\"'=a,\"\"b\"\"\"\"'\r\"a=b");
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
    CHECK(encode_name("\xf0\x9f\xa6") == "%F0%9F%A6");
    CHECK(encode_name("gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x99") ==
          "gr\xc3\xbc\xc3\x9f \xf0\x9f\xa6\x99");
}

TEST_CASE("what cannot be seen in a name is written out") {
    CHECK(encode_name("a\xe2\x80\xaegnp.exe") == "a%E2%80%AEgnp.exe");  // right to left from here
    CHECK(encode_name("\xe2\x81\xa6z") == "%E2%81%A6z");                // isolated
    CHECK(encode_name("\xd8\x9c") == "%D8%9C");                         // Arabic letter mark
    CHECK(encode_name("a\xe2\x80\x8b") == "a%E2%80%8B");                // zero width
    CHECK(encode_name("\xe2\x80\xa8") == "%E2%80%A8");                  // line separator
    CHECK(encode_name("\xc2\x85") == "%C2%85");                         // next line
    CHECK(encode_name("\xc2\xad") == "%C2%AD");                         // soft hyphen
    CHECK(encode_name("\xef\xbb\xbf") == "%EF%BB%BF");                  // byte order mark
    CHECK(encode_name("\xf3\xa0\x81\x81") == "%F3%A0%81%81");           // a tag
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

TEST_CASE("codes of bytes are read, and a % that begins none stands for itself") {
    CHECK(decode_percent("Jane%20Doe%2c%2F%25") == "Jane Doe,/%");
    CHECK(decode_percent("100%") == "100%");
    CHECK(decode_percent("%2") == "%2");
    CHECK(decode_percent("%2x%zz%-1") == "%2x%zz%-1");
    CHECK(decode_percent("%00") == std::string(1, '\0'));
    CHECK(decode_percent("").empty());
    for (const std::string name : {"a/b", "..", "50%", "a\nb"})
        CHECK(decode_percent(encode_name(name)) == name);
}
