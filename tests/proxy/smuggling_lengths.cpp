#include "proxy/smuggling.hpp"

using namespace tallyfs::test;

namespace {

/// A body of "hello" after one or more fields.
body_vector sized(std::string name, std::string fields, int status) {
    return {std::move(name), std::move(fields) + "\r\n\r\nhello", status, {"hello"}, true};
}

/// A body that would be "hello" for a server that reads the coding as chunked.
body_vector coded(std::string name, std::string fields, int status) {
    return {
        std::move(name), std::move(fields) + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n", status, {"hello"}};
}

}  // namespace

TEST_CASE("a length is one number, or the request is refused") {
    smuggling_table().run_bodies({
        sized("plain", "Content-Length: 5", forwarded),
        sized("another case", "cOnTeNt-LeNgTh: 5", forwarded),
        sized("blanks around it", "Content-Length: \t 5 \t", forwarded),
        sized("no blank before it", "Content-Length:5", forwarded),
        sized("leading zeros", "Content-Length: 0005", forwarded),
        sized("twice the same", "Content-Length: 5\r\nContent-Length: 5", forwarded),
        sized("a list of the same", "Content-Length: 5, 5", forwarded),
        sized("twice, different", "Content-Length: 5\r\nContent-Length: 6", 400),
        sized("twice, the shorter last", "Content-Length: 6\r\nContent-Length: 5", 400),
        sized("a list of different ones", "Content-Length: 5, 6", 400),
        sized("a list and another", "Content-Length: 5, 5\r\nContent-Length: 6", 400),
        sized("a list with an empty end", "Content-Length: 5,", 400),
        sized("a list with an empty beginning", "Content-Length: , 5", 400),
        sized("an empty one after it", "Content-Length: 5\r\nContent-Length:", 400),
        sized("empty", "Content-Length:", 400),
        sized("blank", "Content-Length:   ", 400),
        sized("with a plus", "Content-Length: +5", 400),
        sized("negative", "Content-Length: -5", 400),
        sized("hexadecimal", "Content-Length: 0x5", 400),
        sized("with a letter", "Content-Length: 5a", 400),
        sized("a fraction", "Content-Length: 5.0", 400),
        sized("an exponent", "Content-Length: 5e0", 400),
        sized("two numbers", "Content-Length: 5 5", 400),
        sized("quoted", "Content-Length: \"5\"", 400),
        sized("with a parameter", "Content-Length: 5;q=1", 400),
        sized("digits of another script", "Content-Length: \xd9\xa5", 400),
        sized("a vertical tab before it", "Content-Length: \v5", 400),
        sized("a NUL behind it", std::string("Content-Length: 5\0", 18), 400),
        sized("2^64 + 5", "Content-Length: 18446744073709551621", 400),
        sized("a blank before the colon", "Content-Length : 5", 400),
        sized("a tab before the colon", "Content-Length\t: 5", 400),
        sized("a blank before the name", " Content-Length: 5", 400),
        sized("on a folded line", "Content-Length:\r\n 5", 400),
        sized("continued on a folded line", "Content-Length: 5\r\n\t", 400),
        sized("hidden by a bare LF", "X: y\nContent-Length: 5", 400),
        sized("hidden by a bare CR", "X: y\rContent-Length: 5", 400),
        sized("named by Connection", "Connection: content-length\r\nContent-Length: 5", forwarded),
    });
    smuggling_table().run({
        {"as large as numbers get",
         "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n"
         "Content-Length: 18446744073709551615\r\n\r\n",
         413},
        {"a length without a body",
         "GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", forwarded,
         "GET /x HTTP/1.1\r\nHost: UP\r\nContent-Length: 0\r\n"},
        {"a request hidden in a body",
         "GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 43\r\n\r\n" + std::string(smuggled),
         forwarded, "GET /x HTTP/1.1\r\nHost: UP\r\nContent-Length: 43\r\n", std::string(smuggled)},
        {"a body that ends too early",
         "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n"
         "Content-Length: 50\r\n\r\nhello",
         incomplete},
        {"a body that ends too early (/api/create)",
         "POST /api/create HTTP/1.1\r\n"
         "Host: localhost\r\nContent-Length: 50\r\n\r\nhello",
         incomplete},
        {"a name that some take for a length",
         "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n"
         "Content_Length: 3\r\nContent-Length: 5\r\n\r\nhello",
         forwarded,
         "POST /api/chat HTTP/1.1\r\nHost: UP\r\nContent_Length: 3\r\nContent-Length: 5\r\n",
         "hello"},
    });
}

TEST_CASE("chunked is the only coding, once, and never beside a length") {
    smuggling_table().run_bodies({
        coded("plain", "Transfer-Encoding: chunked", forwarded),
        coded("another case", "tRANSFER-eNCODING: cHUNKED", forwarded),
        coded("blanks around it", "Transfer-Encoding: \t chunked \t", forwarded),
        coded("named by Connection", "Connection: transfer-encoding\r\nTransfer-Encoding: chunked",
              forwarded),
        coded("with a length before it", "Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        coded("with a length behind it", "Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
        coded("with a length of nothing", "Content-Length: 0\r\nTransfer-Encoding: chunked", 400),
        coded("unknown, with a length before it", "Content-Length: 5\r\nTransfer-Encoding: x", 400),
        coded("unknown, with a length behind it", "Transfer-Encoding: x\r\nContent-Length: 5", 501),
        coded("two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        coded("identity before it", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
              501),
        coded("identity behind it", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
              400),
        coded("an empty field before it", "Transfer-Encoding:\r\nTransfer-Encoding: chunked", 501),
        coded("twice in a list", "Transfer-Encoding: chunked, chunked", 501),
        coded("gzip before it", "Transfer-Encoding: gzip, chunked", 501),
        coded("gzip behind it", "Transfer-Encoding: chunked, gzip", 501),
        coded("identity in a list", "Transfer-Encoding: identity, chunked", 501),
        coded("an empty end of a list", "Transfer-Encoding: chunked,", 501),
        coded("an empty beginning of a list", "Transfer-Encoding: , chunked", 501),
        coded("identity", "Transfer-Encoding: identity", 501),
        coded("gzip", "Transfer-Encoding: gzip", 501),
        coded("empty", "Transfer-Encoding:", 501),
        coded("a letter too many", "Transfer-Encoding: xchunked", 501),
        coded("a letter too few", "Transfer-Encoding: chunke", 501),
        coded("quoted", "Transfer-Encoding: \"chunked\"", 501),
        coded("with a parameter", "Transfer-Encoding: chunked;q=1", 501),
        coded("a vertical tab before it", "Transfer-Encoding: \vchunked", 400),
        coded("a vertical tab behind it", "Transfer-Encoding: chunked\v", 400),
        coded("a NUL in it", std::string("Transfer-Encoding: chun\0ked", 27), 400),
        coded("no-break spaces around it",
              "Transfer-Encoding: \xa0"
              "chunked",
              501),
        coded("a blank before the colon", "Transfer-Encoding : chunked", 400),
        coded("a tab before the colon", "Transfer-Encoding\t: chunked", 400),
        coded("a blank before the name", " Transfer-Encoding: chunked", 400),
        coded("on a folded line", "Transfer-Encoding:\r\n chunked", 400),
        coded("as the continuation of another field", "X: y\r\n Transfer-Encoding: chunked", 400),
        coded("hidden by a bare LF", "X: y\nTransfer-Encoding: chunked", 400),
        coded("hidden by a bare CR", "X: y\rTransfer-Encoding: chunked", 400),
    });
    smuggling_table().run({
        {"in HTTP/1.0",
         "POST /api/chat HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n"
         "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         400},
        {"a name that some take for a coding",
         "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n"
         "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
         forwarded,
         "POST /api/chat HTTP/1.1\r\nHost: UP\r\nTransfer_Encoding: chunked\r\n"
         "Content-Length: 5\r\n",
         "hello"},
        {"a coding that the upstream may answer in",
         "GET /x HTTP/1.1\r\nHost: localhost\r\n"
         "TE: gzip, trailers\r\nConnection: TE\r\n\r\n",
         forwarded, "GET /x HTTP/1.1\r\nHost: UP\r\n"},
    });
}
