#include "postgres/credentials.hpp"
#include "postgres/registration_report.hpp"
#include "postgres/registry_files.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/postgres/registry.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <cerrno>

namespace tallyfs::postgres {

namespace {

constexpr std::string_view inventory_name = "inventory";
/// An inventory that cannot be asked is asked again after this, or after `every` if that is less.
constexpr std::chrono::seconds inventory_retry{60};
constexpr std::chrono::milliseconds inventory_statement_max{10'000};
/// As JSON, where a character may take six bytes.
constexpr std::size_t row_bytes_max = 6 * health::registration_bytes_max;

health::registration_list failed(std::string problem) {
    return {{}, {std::move(problem)}};
}

std::string text_of(const nlohmann::json& value) {
    if (value.is_null()) return {};
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump();
    std::string list;
    for (const auto& one : value) list += (list.empty() ? "" : ",") + text_of(one);
    return list;
}

/// Line ends around `query`: it may end in a comment. Columns come with their names as JSON.
std::string wrapped_query(std::string query) {
    while (!query.empty() && (query.back() == ';' || query.back() == '\n' || query.back() == ' '))
        query.pop_back();
    return "SELECT pg_catalog.row_to_json(listed)::pg_catalog.text FROM (\n" + query +
           "\n) AS listed LIMIT " + std::to_string(health::registrations_max + 1);
}

/// Our connections look for names in pg_catalog alone.
std::string hint_for(const failure& why) {
    const bool unknown_name = why.sqlstate == "42P01" || why.sqlstate == "42883";
    return unknown_name ? " (names need their schema: public.dbs)" : "";
}

}  // namespace

health::registration_list read_registration_file(const std::filesystem::path& file) {
    const auto name = file.filename().string();
    struct ::stat found {};
    health::registration_list made;
    if (::stat(file.c_str(), &found) != 0) {
        made = failed("cannot be read: " + last_system_error().message());
    } else if (!S_ISREG(found.st_mode)) {
        made = failed("is no regular file");
    } else if (const auto text = read_file(file, health::registration_csv_bytes_max); text) {
        made = health::parse_registration_csv(*text);
    } else if (text.error() == boost::system::errc::message_size) {
        made = failed("it is longer than 1 MiB");
    } else {
        made = failed("cannot be read: " + text.error().message());
    }
    for (auto& one : made.entries) one.source = name;
    for (auto& problem : made.problems) problem = name + ": " + problem;
    return made;
}

health::registration_outcome<health::registration> registration_of_json(std::string_view row) {
    if (row.size() > row_bytes_max) return health::registration_problem{"it is too long"};
    const auto object = nlohmann::json::parse(row, nullptr, false);
    if (!object.is_object()) return health::registration_problem{"it is no row"};
    std::vector<health::registration_field> fields;
    for (const auto& [name, value] : object.items()) fields.push_back({name, text_of(value)});
    return health::registration_of(fields);
}

void registry::look_at_file() {
    const auto& file = parts_.given.file;
    if (file.empty()) return;
    struct ::stat found {};
    file_identity seen{};
    if (::stat(file.c_str(), &found) != 0) {
        seen.back() = errno;
    } else {
        seen = {found.st_mtim.tv_sec, found.st_mtim.tv_nsec,
                static_cast<std::int64_t>(found.st_ino), found.st_size, 0};
    }
    if (file_seen_ == seen) return;
    file_seen_ = seen;
    take(from_file, read_registration_file(file));
}

/// Left out of what stop() ends only before it is open, and then open() knows of it.
class registry::used_connection {
  public:
    used_connection(registry& owner, connection& used) : owner_(owner), used_(used) {
        const std::lock_guard lock(owner_.mutex_);
        owner_.in_use_.insert(&used_);
        if (owner_.stopping_) used_.abandon();
    }
    ~used_connection() {
        const std::lock_guard lock(owner_.mutex_);
        owner_.in_use_.erase(&used_);
    }
    used_connection(const used_connection&) = delete;
    used_connection& operator=(const used_connection&) = delete;

  private:
    registry& owner_;
    connection& used_;
};

health::registration_list registry::ask_inventory() {
    const auto& from = *parts_.given.inventory;
    const auto where = credentials_->endpoint_of(from.where, false);
    if (!where) return failed(where.error().what);
    patience limits;
    limits.statement = inventory_statement_max;
    const auto opened = connection::open(*where, limits, credentials_->stopped());
    if (!opened) return failed(opened.error().what);
    const used_connection used(*this, **opened);
    const auto rows = (*opened)->read(wrapped_query(from.query));
    if (!rows) return failed(rows.error().what + hint_for(rows.error()));
    if (rows->size() > health::registrations_max) return failed("answers more than 5,000 rows");
    health::registration_list made;
    for (std::size_t at = 0; at < rows->size(); ++at) {
        const auto& row = (*rows)[at];
        auto one = registration_of_json(row.empty() ? "" : row.front().value_or(""));
        if (one) {
            made.entries.push_back(std::move(*one));
        } else {
            made.problems.push_back("row " + std::to_string(at + 1) + ": " + one.error().sentence);
        }
    }
    return made;
}

void registry::look_at_inventory() {
    if (!parts_.given.inventory) return;
    const auto now = parts_.clock.steady();
    if (inventory_due_ && now < *inventory_due_) return;
    auto said = ask_inventory();
    const auto every = parts_.given.inventory->every;
    const bool answered = said.problems.empty() || !said.entries.empty();
    inventory_due_ = now + (answered ? every : std::min(every, inventory_retry));
    const std::string name(inventory_name);
    for (auto& one : said.entries) one.source = name;
    for (auto& problem : said.problems) problem = name + ": " + problem;
    take(from_inventory, std::move(said));
}

/// The lock that checks_ needs is not held while a server is asked.
std::string registry::checked(const health::registration& what) {
    const auto where = credentials_->endpoint_of(what, false);
    if (!where) return report_of(what, where.error());
    const auto opened = connection::open(*where, {}, credentials_->stopped());
    if (!opened) return report_of(what, opened.error());
    const used_connection used(*this, **opened);
    return report_of(what, **opened);
}

}  // namespace tallyfs::postgres
