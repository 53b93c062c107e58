#include "proxy/smuggling.hpp"

using namespace tallyfs::test;

namespace {

/// A target, and the one that the upstream is to see.
smuggling_vector target(std::string name, const std::string& asked, int status,
                        const std::string& seen = "", const std::string& host = "localhost",
                        const std::string& method = "GET") {
    return {std::move(name), method + " " + asked + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
            status, method + " " + (seen.empty() ? asked : seen) + " HTTP/1.1\r\nHost: UP\r\n"};
}

}  // namespace

TEST_CASE("a path is forwarded as it was written") {
    smuggling_table().run({
        target("a query", "/x?a=b&c=%20", forwarded),
        target("two slashes before a host", "//evil.example/x", forwarded),
        target("three slashes", "///x", forwarded),
        target("dots", "/api/../x", forwarded),
        target("dots at the root", "/../../etc/passwd", forwarded),
        target("encoded dots", "/%2e%2e/%2E%2E/x", forwarded),
        target("an encoded slash", "/api%2ftags", forwarded),
        target("a backslash", "/x\\y", forwarded),
        target("an encoded NUL", "/x%00y", forwarded),
        target("an encoded line end", "/x%0d%0aHost:%20evil.example", forwarded),
        target("an encoding that is none", "/x%zz", forwarded),
        target("8-bit bytes", "/\xc3\xbc\xff", forwarded),
        target("a URL in the path", "/http://evil.example/x", forwarded),
        target("a URL in the query", "/?http://evil.example/x", forwarded),
        target("a fragment", "/x#y", 400),
        target("a NUL", std::string("/x\0y", 4), 400),
        target("a control byte", "/x\x01y", 400),
        target("a bare LF", "/x\ny", 400),
        target("a bare CR", "/x\ry", 400),
        target("a DEL", "/x\x7fy", 400),
        target("a tab", "/x\ty", 400),
    });
}

TEST_CASE("a base path is taken off and leaves a path") {
    smuggling_table().run({
        target("a service", "/as/n8n/x", forwarded, "/x"),
        target("a service and nothing else", "/as/n8n", forwarded, "/"),
        target("a service and a query", "/as/n8n?a=b", forwarded, "/?a=b"),
        target("a host behind it", "/as/n8n//evil.example/x", forwarded, "//evil.example/x"),
        target("a URL behind it", "/as/n8n/http://evil.example/x", forwarded,
               "/http://evil.example/x"),
        target("a line end in it", "/as/a%0d%0ab/x", forwarded, "/x"),
        target("a slash in it", "/as/..%2f..%2fetc/x", forwarded, "/x"),
        target("no service", "/as//x", forwarded),
        target("dots in its place", "/as/../x", forwarded),
        target("encoded dots in its place", "/as/%2e%2e/x", forwarded),
        target("an encoding that is none", "/as/%zz/x", forwarded),
    });
}

TEST_CASE("of an absolute target the host counts, and the path is forwarded") {
    smuggling_table().run({
        target("the same host", "http://localhost/x", forwarded, "/x"),
        target("another host of this machine", "http://127.0.0.1:11433/x?a", forwarded, "/x?a"),
        target("capitals", "HTTP://LOCALHOST/x", forwarded, "/x"),
        target("https", "https://localhost/x", forwarded, "/x"),
        target("no path", "http://localhost", forwarded, "/"),
        target("a base path in it", "http://localhost/as/n8n/x", forwarded, "/x"),
        target("a foreign Host beside it", "http://localhost/x", forwarded, "/x", "evil.example"),
        target("a foreign host and an innocent Host", "http://evil.example/x", 403),
        target("a foreign host with a port", "http://evil.example:11433/x", 403),
        target("two slashes behind a foreign host", "http://evil.example//localhost/x", 403),
        target("a host in the port's place", "http://localhost:evil.example/x", 403),
        target("a port too many", "http://localhost:80:80/x", 403),
        target("brackets in front of a host", "http://[::1].evil.example/x", 403),
        target("userinfo", "http://localhost@evil.example/x", 400),
        target("userinfo and a port", "http://evil.example:80@localhost/x", 400),
        target("no host", "http:///x", 400),
        target("nothing behind the slashes", "http://", 400),
        target("a query without a path", "http://localhost?x", 400),
        target("a fragment without a path", "http://localhost#x", 400),
        target("a fragment", "http://localhost/x#y", 400),
        target("one slash", "http:/localhost/x", 400),
        target("another scheme", "ftp://localhost/x", 400),
        target("a file", "file:///etc/passwd", 400),
        target("a scheme with a blank", "http ://localhost/x", 400),
        target("a scheme in a scheme", "http://http://localhost/x", 403),
    });
}

TEST_CASE("other forms of a target are refused where they mean nothing") {
    smuggling_table().run({
        target("an asterisk", "*", forwarded, "*", "localhost", "OPTIONS"),
        target("an asterisk of another method", "*", 400),
        target("an asterisk and more", "*/x", 400, "", "localhost", "OPTIONS"),
        target("a host and a port", "localhost:80", 400),
        target("a host alone", "localhost", 400),
        target("a path without its slash", "x/y", 400),
        target("a query alone", "?x", 400),
        target("a backslash in place of a slash", "\\x", 400),
        target("a dot", ".", 400),
    });
}
