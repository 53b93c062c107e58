#include "proxy/smuggling.hpp"

using namespace tallyfs::test;

namespace {

template <std::size_t Size>
std::string bytes(const char (&text)[Size]) {
    return {text, Size - 1};
}

/// A request with one more field, and what the upstream is to see of it.
smuggling_vector field(std::string name, const std::string& line, int status,
                       const std::string& seen = "") {
    return {std::move(name), "GET /x HTTP/1.1\r\nHost: localhost\r\n" + line + "\r\n\r\n", status,
            "GET /x HTTP/1.1\r\nHost: UP\r\n" + (seen.empty() ? line : seen) + "\r\n"};
}

smuggling_vector first_line(std::string name, const std::string& line, int status,
                            const std::string& seen = "") {
    return {std::move(name), line + "\r\nHost: localhost\r\n\r\n", status,
            (seen.empty() ? line : seen) + "\r\nHost: UP\r\n"};
}

smuggling_vector hosts(std::string name, const std::string& lines, int status) {
    return {std::move(name), "GET /x HTTP/1.1\r\n" + lines + "\r\n", status,
            "GET /x HTTP/1.1\r\nHost: UP\r\n"};
}

std::string many_names(int count) {
    std::string text = "a";
    for (int i = 1; i < count; ++i) text += ",a";
    return text;
}

std::string many_fields(int count) {
    std::string text = "GET /x HTTP/1.1\r\nHost: localhost\r\n";
    for (int i = 0; i < count; ++i) text += "a:\r\n";
    return text + "\r\n";
}

}  // namespace

TEST_CASE("lines of a head end in CRLF, and none goes on in the next") {
    smuggling_table().run({
        {"a bare LF behind the request line", "GET /x HTTP/1.1\nHost: localhost\r\n\r\n", 400},
        {"bare LFs everywhere", "GET /x HTTP/1.1\nHost: localhost\n\n", 400},
        {"a bare CR behind the request line", "GET /x HTTP/1.1\rHost: localhost\r\n\r\n", 400},
        {"two CRs behind the request line", "GET /x HTTP/1.1\r\r\nHost: localhost\r\n\r\n", 400},
        {"a bare LF at the end", "GET /x HTTP/1.1\r\nHost: localhost\r\n\n", 400},
        {"a bare CR at the end", "GET /x HTTP/1.1\r\nHost: localhost\r\n\rX", 400},
        {"an empty line before it", "\r\n\r\nGET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", forwarded,
         "GET /x HTTP/1.1\r\nHost: UP\r\n"},
        {"a bare LF before it", "\nGET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        {"a bare CR before it", "\rGET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        {"a blank before it", " GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        {"a NUL before it", bytes("\0GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
        {"a folded first field", "GET /x HTTP/1.1\r\n Host: localhost\r\n\r\n", 400},
    });
    smuggling_table().run({
        field("a bare LF in a value", "X: a\nY: b", 400),
        field("a bare CR in a value", "X: a\rY: b", 400),
        field("two CRs behind a value", "X: a\r", 400),
        field("folded with a blank", "X: a\r\n b", 400),
        field("folded with a tab", "X: a\r\n\tb", 400),
        field("folded into an empty line", "X: a\r\n \r\nY: b", 400),
        field("folded before the value", "X:\r\n a", 400),
        field("a fold of ten kilobytes", "X: a\r\n " + std::string(10'000, 'b'), 431),
    });
}

TEST_CASE("names of fields are tokens and values have no control bytes") {
    smuggling_table().run({
        field("a token of all kinds", "!#$%&'*+-.^_`|~0aZ: 1", forwarded),
        field("an empty value", "X:", forwarded, "X: "),
        field("a tab in a value", "X: a\tb", forwarded),
        field("8-bit bytes in a value", "X: gr\xfc\xdf \xff\xfe", forwarded),
        field("quotes and commas in a value", R"(X: "a, b\" c", d)", forwarded),
        field("no colon", "X", 400),
        field("no name", ": a", 400),
        field("a blank before the colon", "X : a", 400),
        field("a tab before the colon", "X\t: a", 400),
        field("a blank in the name", "X Y: a", 400),
        field("a slash in the name", "X/Y: a", 400),
        field("brackets in the name", "X(Y): a", 400),
        field("quotes in the name", "\"X\": a", 400),
        field("an 8-bit byte in the name", "X\xfc: a", 400),
        field("a NUL in the name", bytes("X\0Y: a"), 400),
        field("a control byte in the name", "X\x01: a", 400),
        field("a DEL in the name", "X\x7f: a", 400),
        field("a NUL in the value", bytes("X: a\0b"), 400),
        field("a NUL behind the value", bytes("X: a\0"), 400),
        field("a backspace in the value", "X: a\bb", 400),
        field("a vertical tab in the value", "X: a\vb", 400),
        field("a form feed in the value", "X: a\fb", 400),
        field("an escape in the value", "X: \x1b[2J", 400),
        field("a DEL in the value", "X: a\x7f", 400),
        field("a Connection that lists hundreds", "Connection: " + many_names(600), 400),
        field("what Connection cannot hold", "Connection: close, (x)", 400),
    });
}

TEST_CASE("the request line has one form, one version and one method") {
    smuggling_table().run({
        first_line("a method of its own", "BREW /x HTTP/1.1", forwarded),
        first_line("a method in small letters", "get /x HTTP/1.1", forwarded),
        first_line("HTTP/1.0", "GET /x HTTP/1.0", forwarded, "GET /x HTTP/1.1"),
        first_line("HTTP/0.9", "GET /x", 400),
        first_line("HTTP/0.9 with a version", "GET /x HTTP/0.9", 400),
        first_line("HTTP/1.2", "GET /x HTTP/1.2", 400),
        first_line("HTTP/2.0", "GET /x HTTP/2.0", 400),
        first_line("HTTP/2", "GET /x HTTP/2", 400),
        first_line("HTTP/1.10", "GET /x HTTP/1.10", 400),
        first_line("HTTP/01.1", "GET /x HTTP/01.1", 400),
        first_line("HTTP/1.1 with a blank", "GET /x HTTP/1.1 ", 400),
        first_line("HTTP/1.1 with a NUL", bytes("GET /x HTTP/1.1\0"), 400),
        first_line("HTTP/1.1 with words", "GET /x HTTP/1.1 GET /y HTTP/1.1", 400),
        first_line("a version in small letters", "GET /x http/1.1", 400),
        first_line("another protocol", "GET /x SIP/1.1", 400),
        first_line("a comma in the version", "GET /x HTTP/1,1", 400),
        first_line("two blanks before the target", "GET  /x HTTP/1.1", 400),
        first_line("two blanks behind the target", "GET /x  HTTP/1.1", 400),
        first_line("tabs between", "GET\t/x\tHTTP/1.1", 400),
        first_line("no method", "/x HTTP/1.1", 400),
        first_line("no target", "GET HTTP/1.1", 400),
        first_line("a field in its place", "Host: evil.example", 400),
        first_line("a slash in the method", "GE/T /x HTTP/1.1", 400),
        first_line("an 8-bit byte in the method", "G\xc9T /x HTTP/1.1", 400),
        first_line("a NUL in the method", bytes("GE\0T /x HTTP/1.1"), 400),
        first_line("a control byte in the method", "GE\x01T /x HTTP/1.1", 400),
        first_line("CONNECT", "CONNECT localhost:80 HTTP/1.1", 405),
        first_line("CONNECT with a path", "CONNECT /x HTTP/1.1", 405),
        first_line("TRACE", "TRACE /x HTTP/1.1", 405),
    });
    smuggling_table().run({
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        {"a handshake of TLS", bytes("\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03"), 400},
        {"an upgrade to HTTP/2",
         "GET /x HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n"
         "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
         forwarded, "GET /x HTTP/1.1\r\nHost: UP\r\n"},
        {"an expectation of its own",
         "POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: magic\r\n"
         "Content-Length: 5\r\n\r\nhello",
         417},
    });
}

TEST_CASE("a request names one host") {
    smuggling_table().run({
        hosts("one", "Host: localhost\r\n", forwarded),
        hosts("an empty one", "Host:\r\n", forwarded),
        hosts("none", "X: y\r\n", 400),
        hosts("two of the same", "Host: localhost\r\nHost: localhost\r\n", 400),
        hosts("two, the foreign one last", "Host: localhost\r\nHost: evil.example\r\n", 400),
        hosts("two, the foreign one first", "Host: evil.example\r\nHost: localhost\r\n", 400),
        hosts("two, the second empty", "Host: localhost\r\nHost:\r\n", 400),
        hosts("folded", "Host: localhost\r\n evil.example\r\n", 400),
        hosts("a blank before the colon", "Host : localhost\r\n", 400),
        hosts("a list", "Host: localhost, evil.example\r\n", 403),
        hosts("two words", "Host: localhost evil.example\r\n", 403),
        hosts("userinfo", "Host: localhost@evil.example\r\n", 403),
        hosts("userinfo before it", "Host: evil.example@localhost\r\n", 403),
        hosts("a path", "Host: evil.example/.localhost\r\n", 403),
        hosts("a query", "Host: evil.example?.localhost\r\n", 403),
        hosts("a fragment", "Host: evil.example#.localhost\r\n", 403),
        hosts("a backslash", "Host: evil.example\\.localhost\r\n", 403),
        hosts("a port that is none", "Host: localhost:evil.example\r\n", 403),
        hosts("two ports", "Host: localhost:80:80\r\n", 403),
        hosts("more behind a bracket", "Host: [::1].evil.example\r\n", 403),
        hosts("an open bracket", "Host: [::1\r\n", 403),
        hosts("a NUL", bytes("Host: localhost\0evil.example\r\n"), 400),
        hosts("a host as a part of another name", "X-Host: localhost\r\n", 400),
    });
}

TEST_CASE("a head has an end, also in how many fields it has") {
    smuggling_table().run({
        {"a long value",
         "GET /x HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n", 431},
        {"a long name",
         "GET /x HTTP/1.1\r\nHost: localhost\r\n" + std::string(100'000, 'x') + ": y\r\n\r\n", 431},
        {"a long target", "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
         431},
        {"a long method", std::string(100'000, 'X') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 431},
        {"ten thousand fields", many_fields(10'000), 431},
        {"more fields than a client has", many_fields(300), 431},
    });
}
