#include "postgres/registration_report.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/sql_quote.hpp>
#include <tallyfs/base/text.hpp>

namespace tallyfs::postgres {

namespace {

constexpr std::int32_t oldest_version = 120'000;
constexpr std::int32_t first_untested_version = 180'000;

/// A line that is longer goes on below its own beginning.
std::string line(std::string_view name, std::string_view text) {
    const auto indent = std::string(12, ' ');
    auto lines = wrapped(ascii(text), indent);
    lines.replace(0, indent.size(), column(name, indent.size()));
    if (!lines.ends_with('\n')) lines += '\n';
    return lines;
}

std::string heading(const health::registration& what) {
    return line("registered", what.path() + " at " + what.host + ":" + std::to_string(what.port) +
                                  ", credential " + what.credential);
}

std::string version_line(std::int32_t number, const std::string& text) {
    if (number < oldest_version) {
        return line("version", text + " is older than 12: not all files are filled. Upgrade it.");
    }
    if (number >= first_untested_version) {
        return line("version", text + " is newer than 17, the last one that was tested");
    }
    return line("version", text + ", ok");
}

std::string rights_line(const std::string& role, bool monitors, bool superuser) {
    if (superuser) {
        return line("rights", role + " is a superuser, which is more than it takes: a role with " +
                                  "pg_monitor is enough");
    }
    if (monitors) return line("rights", role + " has pg_monitor, ok");
    return line("rights", role + " has no pg_monitor: queries and states of others are hidden") +
           line("do", "GRANT pg_monitor TO " + quoted_identifier(role) + ";");
}

}  // namespace

std::string report_of(const health::registration& what) {
    return heading(what) + (what.active
                                ? line("state", "is being looked at: read this again in a moment")
                                : line("state", "known, and not looked at (active=no)"));
}

std::string report_of(const health::registration& what, const failure& why) {
    return heading(what) + line("reached", "no: " + why.what) +
           line("state",
                "it stays registered, and is tried again by itself; to take it back: "
                "forget " +
                    what.path());
}

std::string report_of(const health::registration& what, connection& on) {
    const auto rows = on.read(
        "SELECT current_setting('server_version'), current_user, "
        "pg_has_role(current_user, 'pg_monitor', 'USAGE'), "
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user), pg_is_in_recovery()");
    if (!rows) return report_of(what, rows.error());
    if (rows->size() != 1 || rows->front().size() != 5)
        return report_of(what,
                         failure{"", "the server answers something else than was asked", false});
    const auto& row = rows->front();
    const auto text = [&row](std::size_t at) { return row[at].value_or(""); };
    const bool standby = text(4) == "t";
    return heading(what) + line("reached", standby ? "yes, a standby" : "yes") +
           version_line(on.version(), text(0)) +
           rights_line(text(1), text(2) == "t", text(3) == "t") +
           line("next", "cat databases/" + what.cluster.path() + "/" + encode_name(what.database) +
                            "/status.txt");
}

}  // namespace tallyfs::postgres
