// What a file does whose ledger cannot be read.
// Rules: docs/architecture.md, "Read your writes".
#pragma once

#include <tallyfs/ledger/ledger.hpp>

#include <boost/system/system_error.hpp>

namespace tallyfs::views {

/// The rows that were asked for. Throws boost::system::system_error: of a damaged ledger
/// resource_unavailable_try_again, because the view thread begins it anew at once.
template <class Rows>
[[nodiscard]] Rows rows_of(result<Rows> asked) {
    if (asked) return std::move(*asked);
    const auto code = ledger::is_damage(asked.error())
                          ? make_error_code(boost::system::errc::resource_unavailable_try_again)
                          : asked.error();
    throw boost::system::system_error(code, "the ledger: " + asked.error().message());
}

}  // namespace tallyfs::views
