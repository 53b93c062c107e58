// What a file does whose ledger cannot be read.
// Rules: docs/architecture.md, "Read your writes".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <boost/system/system_error.hpp>

namespace tallyfs::views {

/// Throws boost::system::system_error: of a damaged ledger resource_unavailable_try_again, because
/// the view thread begins it anew at once.
[[noreturn]] inline void fail(const error_code& why) {
    const auto code = ledger::is_damage(why)
                          ? make_error_code(boost::system::errc::resource_unavailable_try_again)
                          : why;
    throw boost::system::system_error(code, "the ledger: " + why.message());
}
/// The rows that were asked for; throws what fail() does.
template <class Rows>
[[nodiscard]] Rows rows_of(result<Rows> asked) {
    if (!asked) fail(asked.error());
    return std::move(*asked);
}
/// The same where rows were shown one after the other.
inline void require(const result<void>& shown) {
    if (!shown) fail(shown.error());
}

}  // namespace tallyfs::views
