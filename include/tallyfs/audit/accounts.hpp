// Which database users are people, and which are programs.
// Format: docs/configuration.md, "Audit".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

enum class account : std::uint8_t { person, service, unknown };
[[nodiscard]] std::string_view to_string(account value) noexcept;

/// Immutable once made. Any thread.
class accounts {
  public:
    /// Names or patterns with `*`; the first list in which a user is found counts, exact names
    /// before patterns.
    accounts(std::vector<std::string> people, std::vector<std::string> services);
    accounts() = default;

    /// unknown: in neither list; it is treated as a person, and reported.
    [[nodiscard]] account of(std::string_view user) const;
    [[nodiscard]] const std::vector<std::string>& people() const noexcept { return people_; }
    [[nodiscard]] const std::vector<std::string>& services() const noexcept { return services_; }

  private:
    struct names {
        std::vector<std::string> exact;  ///< sorted
        std::vector<std::string> patterns;
    };
    [[nodiscard]] static names sorted(const std::vector<std::string>& list);

    std::vector<std::string> people_;
    std::vector<std::string> services_;
    names person_names_;
    names service_names_;
};

/// What is wrong with such a list, or "": for the configuration. At most 1,000 entries of at most
/// 255 bytes that can be read, and no `*` alone, which would make everybody the same.
[[nodiscard]] std::string problem_of_accounts(const std::vector<std::string>& names);

}  // namespace tallyfs::audit
