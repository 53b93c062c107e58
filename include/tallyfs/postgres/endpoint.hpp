// Where a PostgreSQL server is and as whom we come, and why something with it did not work.
// Source: libpq (https://www.postgresql.org/docs/15/libpq-connect.html).
#pragma once

#include <tallyfs/health/registration.hpp>

#include <boost/system/result.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace tallyfs::postgres {

/// Where, as whom. Holds a secret: never logged, never copied into a file.
struct endpoint {
    std::string host;
    std::uint16_t port = 5432;
    std::string database;
    std::string role;
    std::string password;  ///< "" for none
    /// libpq's sslmode; "": verify-full, and prefer where nothing leaves this machine.
    std::string tls;
    std::string tls_root_file;  ///< "": the system's authorities
};

/// Why something did not work. One line, without secrets.
struct failure {
    std::string sqlstate;  ///< "42501"; "" if the server did not say it
    std::string what;
    bool connection_lost = false;  ///< the connection is of no use any more
};
template <class T>
using outcome = boost::system::result<T, failure>;
/// What result::value() throws for a failure that nobody looked at.
[[noreturn]] void throw_exception_from_error(const failure& why, const boost::source_location& at);

/// Where to connect for a look, or with the second argument to carry out remedies, with the
/// password: it may take seconds. Any thread.
using endpoint_source = std::function<outcome<endpoint>(const health::registration&, bool)>;

}  // namespace tallyfs::postgres
