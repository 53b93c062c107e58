#include "proxy/smuggling.hpp"

using namespace tallyfs::test;

namespace {

body_vector chunks(std::string name, std::string_view body, int status,
                   std::vector<std::string> expected = {"hello"}) {
    return {std::move(name), "Transfer-Encoding: chunked\r\n\r\n" + std::string(body), status,
            std::move(expected)};
}

template <std::size_t Size>
std::string_view bytes(const char (&text)[Size]) {
    return {text, Size - 1};
}

}  // namespace

TEST_CASE("the size of a chunk is hexadecimal digits and nothing else") {
    smuggling_table().run_bodies({
        chunks("one chunk", "5\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("two chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", forwarded, {"he", "llo"}),
        chunks("no chunk", "0\r\n\r\n", forwarded, {}),
        chunks("leading zeros", "0000000000000000000005\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("an end of several zeros", "5\r\nhello\r\n0000\r\n\r\n", forwarded),
        chunks("a capital", "A\r\n0123456789\r\n0\r\n\r\n", forwarded, {"0123456789"}),
        chunks("a small letter", "a\r\n0123456789\r\n0\r\n\r\n", forwarded, {"0123456789"}),
        chunks("a request in a chunk", chunk(smuggled) + "0\r\n\r\n", forwarded,
               {std::string(smuggled)}),
        chunks("a size beyond 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a size far beyond 64 bits", "fffffffffffffffffffff\r\nhello\r\n0\r\n\r\n", 400),
        chunks("negative", "-5\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a plus", "+5\r\nhello\r\n0\r\n\r\n", 400),
        chunks("0x", "0x5\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a blank before it", " 5\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a tab before it", "\t5\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a blank behind it", "5 \r\nhello\r\n0\r\n\r\n", 400),
        chunks("a tab behind it", "5\t\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a letter behind it", "5g\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a comma behind it", "5,\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a NUL behind it", bytes("5\0\r\nhello\r\n0\r\n\r\n"), 400),
        chunks("empty", "\r\nhello\r\n0\r\n\r\n", 400),
        chunks("an underscore", "0_5\r\nhello\r\n0\r\n\r\n", 400),
        chunks("more than ever comes", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", incomplete),
        chunks("no last chunk", "5\r\nhello\r\n", incomplete),
        chunks("half a last chunk", "5\r\nhello\r\n0\r\n", incomplete),
    });
}

TEST_CASE("lines of chunks end in CRLF, and data ends where its size says") {
    smuggling_table().run_bodies({
        chunks("a bare LF behind the size", "5\nhello\r\n0\r\n\r\n", 400),
        chunks("a bare CR behind the size", "5\rhello\r\n0\r\n\r\n", 400),
        chunks("two CRs behind the size", "5\r\r\nhello\r\n0\r\n\r\n", 400),
        chunks("nothing behind the data", "5\r\nhello0\r\n\r\n", 400),
        chunks("a bare LF behind the data", "5\r\nhello\n0\r\n\r\n", 400),
        chunks("a bare CR behind the data", "5\r\nhello\r0\r\n\r\n", 400),
        chunks("data longer than its size", "4\r\nhello\r\n0\r\n\r\n", 400),
        chunks("data shorter than its size", "6\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a blank line between chunks", "5\r\nhello\r\n\r\n0\r\n\r\n", 400),
        chunks("a bare LF behind the last size", "5\r\nhello\r\n0\n\r\n", 400),
        chunks("a bare LF at the very end", "5\r\nhello\r\n0\r\n\n", 400),
        chunks("a bare CR at the very end", "5\r\nhello\r\n0\r\n\rX", 400),
        chunks("a request in place of the last line", "5\r\nhello\r\n0\r\n", 400),
    });
}

TEST_CASE("chunk extensions are read and go no further") {
    const std::string kilobytes(40'000, 'x');
    smuggling_table().run_bodies({
        chunks("a name", "5;a\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("a name and a value", "5;a=b\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("blanks around", "5 ; a = b\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("several", "5;a=b;c;d=\"e\"\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("quoted", "5;a=\"b;c=\\\"d\"\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("of the last chunk", "5\r\nhello\r\n0;a=b\r\n\r\n", forwarded),
        chunks("some kilobytes", "5;a=" + kilobytes + "\r\nhello\r\n0\r\n\r\n", forwarded),
        chunks("more than a head may have", "5;a=" + kilobytes + kilobytes + "\r\nhello\r\n", 400),
        chunks("without a name", "5;\r\nhello\r\n0\r\n\r\n", 400),
        chunks("two semicolons", "5;;a\r\nhello\r\n0\r\n\r\n", 400),
        chunks("without a value", "5;a=\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a bare LF in it", "5;a\nb\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a bare LF in quotes", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a bare LF in quotes, escaped", "5;a=\"\\\n\"\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a bare LF in quotes of the last chunk", "5\r\nhello\r\n0;a=\"\n\"\r\n\r\n", 400),
        chunks("a bare CR in it", "5;a\rb\r\nhello\r\n0\r\n\r\n", 400),
        chunks("a NUL in quotes", bytes("5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"), 400),
        chunks("a NUL in it", bytes("5;a\0\r\nhello\r\n0\r\n\r\n"), 400),
        chunks("a control byte in quotes", "5;a=\"\x7f\"\r\nhello\r\n0\r\n\r\n", 400),
        chunks("an open quote", "5;a=\"\r\nhello\r\n0\r\n\r\n", incomplete),
        chunks("a quote that closes on a later line", "5;a=\"\r\nhello\r\n0;b=\"\r\n\r\n", 400),
    });
}

TEST_CASE("trailers are checked and go no further") {
    const auto with = [](std::string_view trailers) {
        return "5\r\nhello\r\n0\r\n" + std::string(trailers) + "\r\n";
    };
    smuggling_table().run_bodies({
        chunks("one", with("X-T: 1\r\n"), forwarded),
        chunks("a Host", with("Host: evil.example\r\n"), forwarded),
        chunks("a key", with("Authorization: Bearer k\r\nX-Api-Key: k\r\n"), forwarded),
        chunks("a service", with("X-Service: other\r\n"), forwarded),
        chunks("a length", with("Content-Length: 5\r\n"), 400),
        chunks("a coding", with("Transfer-Encoding: chunked\r\n"), 400),
        chunks("no colon", with("X-T\r\n"), 400),
        chunks("a blank before the colon", with("X-T : 1\r\n"), 400),
        chunks("no name", with(": 1\r\n"), 400),
        chunks("a bare LF", with("X-T: 1\n"), 400),
        chunks("a bare LF and a field", with("X-T: 1\nX-U: 2\r\n"), 400),
        chunks("a NUL", "5\r\nhello\r\n0\r\n" + std::string(bytes("X: \0\r\n\r\n")), 400),
        chunks("more than a head may have", with("X: " + std::string(100'000, 'x')), 400),
    });
    smuggling_table().run({
        {"announced",
         "POST /api/create HTTP/1.1\r\nHost: localhost\r\nTrailer: X-T\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n",
         forwarded, "POST /api/create HTTP/1.1\r\nHost: UP\r\nTransfer-Encoding: chunked\r\n",
         "0\r\n\r\n"},
    });
}
