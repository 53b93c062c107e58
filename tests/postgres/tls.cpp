#include "postgres/addresses.hpp"
#include "postgres/server.hpp"

#include <filesystem>

using namespace tallyfs::postgres;
using namespace tallyfs::test;
namespace fs = std::filesystem;

namespace {

constexpr auto openssl = "/usr/bin/openssl";

/// A certificate of nobody's authority for "localhost", and its key.
void make_certificate(const fs::path& directory) {
    fs::permissions(directory, fs::perms::all);
    const auto made =
        run_to_end({openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                    directory / "key", "-out", directory / "certificate"},
                   ordinary_user());
    INFO(made.output);
    REQUIRE(made.exit_code == 0);
}

}  // namespace

TEST_CASE(
    "what leaves this machine goes to a server that proves who it is, unless told otherwise") {
    endpoint where;
    CHECK(tls_mode(where, "10.0.0.1") == "verify-full");
    CHECK(tls_mode(where, "2001:db8::1") == "verify-full");
    CHECK(tls_mode(where, "128.0.0.1") == "verify-full");
    CHECK(tls_mode(where, "127.1.2.3") == "prefer");
    CHECK(tls_mode(where, "::1") == "prefer");
    CHECK(tls_mode(where, "") == "prefer");
    where.tls = "require";
    CHECK(tls_mode(where, "10.0.0.1") == "require");
}

TEST_CASE("with TLS a server is only believed with a certificate that is trusted and its own") {
    NEEDS_POSTGRESQL();
    if (!fs::exists(openssl)) {
        WARN("skipped: there is no " << openssl);
        return;
    }
    const temporary_directory directory;
    make_certificate(directory.path());
    const postgres_cluster server({"ssl=on",
                                   "ssl_cert_file=" + (directory.path() / "certificate").string(),
                                   "ssl_key_file=" + (directory.path() / "key").string()});
    auto where = at(server);
    where.host = "localhost";
    where.tls = "verify-full";
    const auto untrusted = connection::open(where, patience{});
    REQUIRE_FALSE(untrusted.has_value());
    CHECK(untrusted.error().what.find("is not from an authority that we trust") !=
          std::string::npos);
    where.tls_root_file = directory.path() / "certificate";
    const auto trusted = connection::open(where, patience{});
    REQUIRE(trusted.has_value());
    CHECK(value_of(**trusted, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t");
    where.host = "127.0.0.1";
    const auto another = connection::open(where, patience{});
    REQUIRE_FALSE(another.has_value());
    CHECK(another.error().what.find("its certificate is for another host") != std::string::npos);
    // Nothing leaves this machine, so nothing has to be asked for.
    where.tls = "";
    CHECK(connection::open(where, patience{}).has_value());
    where.tls_root_file = "/nowhere";
    where.tls = "verify-ca";
    CHECK(connection::open(where, patience{}).error().what.find("TLS: ") != std::string::npos);

    // Deadlines hold there too.
    where.tls = "require";
    where.tls_root_file = "";
    const auto on =
        connection::open(where, {std::chrono::milliseconds(400), std::chrono::milliseconds(100),
                                 std::chrono::milliseconds(400), std::chrono::milliseconds(200)});
    REQUIRE(on.has_value());
    CHECK((*on)->read("SELECT repeat('x', 1000000)")->size() == 1);
    server.freeze();
    CHECK((*on)->read("SELECT 1").error().connection_lost);
    CHECK_FALSE(
        connection::open(where, {std::chrono::milliseconds(400), std::chrono::milliseconds(100),
                                 std::chrono::milliseconds(400), std::chrono::milliseconds(200)})
            .has_value());
}
