// A database that is watched: where it is, what it is called in the tree, as whom we look at it.
// Format: docs/databases.md, "Registering".
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// In the order in which lists show them: what people depend on comes first.
inline constexpr std::array<std::string_view, 4> environments{"prod", "uat", "qa", "dev"};

/// One PostgreSQL server: what listens on a port, with all of its databases.
struct cluster_id {
    std::string environment;  ///< one of `environments`
    std::string cluster;

    /// "prod/orders-cl", as in the tree.
    [[nodiscard]] std::string path() const { return environment + "/" + cluster; }
    auto operator<=>(const cluster_id&) const = default;
};

/// What is written down of a database. Texts are bounded and hold no control characters.
struct registration {
    cluster_id cluster;
    std::string database;  ///< its name in the server
    std::string host;      ///< a name, an address, or the directory of a Unix socket
    std::uint16_t port = 5432;
    std::string credential;           ///< the name of one in the configuration
    std::string remedies_credential;  ///< with which approved remedies run; "": none can
    /// libpq's sslmode. "": verify-full, and prefer where nothing leaves this machine.
    std::string tls;
    std::string tls_root_file;  ///< of the authority that is trusted; "": the system's
    std::string owner;
    std::vector<std::string> tags;
    std::string migrations;  ///< directory of dbmate's files on this host; "": none
    bool active = true;      ///< false: known, and not looked at
    std::string source;      ///< who says so: "tallyfs.toml", "registry.csv", "inventory", "new"

    /// "prod/orders-cl/app", as in the tree.
    [[nodiscard]] std::string path() const { return cluster.path() + "/" + database; }
    bool operator==(const registration&) const = default;
};

}  // namespace tallyfs::health
