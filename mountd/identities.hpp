// Who somebody is who comes over HTTP: by a token, or by the company's sign-on.
// Rules: docs/approvals.md, "Over HTTP".
#pragma once

#include "mountd/options.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::mountd {

/// Immutable; any thread.
class identities {
  public:
    explicit identities(const options& given);

    [[nodiscard]] std::optional<approval::identity> by_token(std::string_view token) const;
    /// `name` is the one in the configuration, or the person's e-mail address.
    [[nodiscard]] std::optional<approval::identity> by_sign_on(std::string_view name) const;

  private:
    struct known_token {
        std::string person;
        std::string digest;  ///< SHA-256: the secret itself need not stay in memory
    };
    std::vector<known_token> tokens_;
    std::vector<approval::person> people_;
};

}  // namespace tallyfs::mountd
