// A registration as people write it: words of key=value, or a row of a CSV. Checked, and written
// back. Format: docs/databases.md, "Registering"; RFC 4180 (CSV).
#pragma once

#include <tallyfs/base/error.hpp>
#include <tallyfs/health/registration.hpp>

#include <boost/assert/source_location.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// How many databases there can be in all, and in one CSV: more are a mistake, not an estate.
inline constexpr std::size_t registrations_max = 5'000;
/// A registration in words, and a CSV of as many as there can be.
inline constexpr std::size_t registration_bytes_max = 4 * 1024;
inline constexpr std::size_t registration_csv_bytes_max = std::size_t{1} << 20;

/// What is wrong and what to do, one line; never quotes a value, which may be a password.
struct registration_problem {
    std::string sentence;
    [[nodiscard]] const std::string& message() const noexcept { return sentence; }
};
template <class T>
using registration_outcome = boost::system::result<T, registration_problem>;
/// What result::value() throws for a problem that nobody looked at.
[[noreturn]] void throw_exception_from_error(const registration_problem& why,
                                             const boost::source_location& at);

/// One value by its name: "env", "cluster", "database", "host", …; "" says nothing.
struct registration_field {
    std::string name;
    std::string value;
};
/// All names, as they are written.
[[nodiscard]] std::span<const std::string_view> registration_field_names() noexcept;

/// What is wrong with names as those of columns, or "": unknown, twice, or not all that must be.
[[nodiscard]] std::string problem_of_columns(std::span<const std::string> columns);

/// Takes all fields together; `source` of the result is "".
[[nodiscard]] registration_outcome<registration> registration_of(
    std::span<const registration_field> fields);
/// "env=prod cluster=orders-cl database=app host=10.2.4.10 credential=monitor owner=\"A team\"": on
/// one line or several.
[[nodiscard]] registration_outcome<registration> parse_registration(std::string_view text);
/// What parse_registration() reads as the same registration: one line without its newline.
[[nodiscard]] std::string canonical_text(const registration& what);

struct registration_list {
    std::vector<registration> entries;  ///< the rows that are right
    std::vector<std::string> problems;  ///< "line 7: port is no number from 1 to 65535"
};
/// Columns by name, in any order. A header that is not understood leaves no entries.
[[nodiscard]] registration_list parse_registration_csv(std::string_view text);

/// Why a text cannot be where a server listens, or "". Never more than one place: libpq takes
/// lists.
[[nodiscard]] std::string problem_of_host(std::string_view host);
/// Whether a name is one word of letters, digits, '.', '_' and '-', as clusters and credentials
/// are called; at most 63 bytes.
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;
/// libpq's sslmode: "disable" to "verify-full".
[[nodiscard]] bool is_tls_mode(std::string_view text) noexcept;

}  // namespace tallyfs::health
