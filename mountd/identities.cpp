#include "mountd/identities.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::mountd {

identities::identities(const options& given) : people_(given.people) {
    for (const auto& token : given.tokens) {
        tokens_.push_back({token.person, sha256_hex(token.secret)});
    }
}

/// Digests are compared: how long that takes tells nothing about the secret.
std::optional<approval::identity> identities::by_token(std::string_view token) const {
    const auto digest = sha256_hex(token);
    const auto place = std::ranges::find(tokens_, digest, &known_token::digest);
    if (place == tokens_.end()) return std::nullopt;
    return approval::identity{place->person, std::nullopt, approval::known_by::token};
}

std::optional<approval::identity> identities::by_sign_on(std::string_view name) const {
    if (name.empty()) return std::nullopt;
    const auto place = std::ranges::find_if(people_, [&](const approval::person& person) {
        return person.name == name || equal_ignoring_case(person.email, name);
    });
    if (place == people_.end()) return std::nullopt;
    return approval::identity{place->name, std::nullopt, approval::known_by::sso};
}

}  // namespace tallyfs::mountd
