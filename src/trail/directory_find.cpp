#include "trail/directory_files.hpp"

#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/tree/make.hpp>

#include <array>

namespace tallyfs::trail {

namespace {

constexpr std::string_view suffix = ".jsonl";
/// Some seconds of reading.
constexpr std::uint64_t lines_read_max = 1'000'000;
constexpr std::string_view more_line =
    "{\"more\":\"older events are left out: narrow it with day=, from= or until=\"}\n";

struct word {
    std::string_view name;
    std::optional<std::string> ledger::audit_query::*field;
};
constexpr std::array<word, 8> words{{{"cluster", &ledger::audit_query::cluster},
                                     {"user", &ledger::audit_query::user},
                                     {"database", &ledger::audit_query::database},
                                     {"object", &ledger::audit_query::object},
                                     {"class", &ledger::audit_query::class_name},
                                     {"command", &ledger::audit_query::command},
                                     {"kind", &ledger::audit_query::kind},
                                     {"rule", &ledger::audit_query::rule}}};

/// A day of the day's zone, or a time with an offset.
std::optional<wall_time> time_of(std::string_view text, bool is_end) {
    if (const auto date = day::parse(text)) {
        return zone::start_of(is_end ? date->next() : *date);
    }
    return parse_rfc3339(text);
}

bool take(ledger::audit_query& query, std::string_view name, std::string_view value) {
    if (name == "from" || name == "until" || name == "day") {
        const auto from = name != "until" ? time_of(value, false) : query.from;
        const auto until = name != "from" ? time_of(value, true) : query.until;
        if (name != "until" && !from) return false;
        if (name != "from" && !until) return false;
        query.from = from;
        query.until = until;
        return true;
    }
    for (const auto& one : words) {
        if (one.name != name) continue;
        query.*one.field = decode_percent(value);
        return true;
    }
    return false;
}

/// "user=jd class=WRITE": words with blanks or commas between them.
std::optional<ledger::audit_query> query_of(std::string_view text) {
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
    ledger::audit_query query;
    bool any = false;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(" ,"), text.size());
        const auto one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (one.empty()) continue;
        const auto equals = one.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        if (!take(query, one.substr(0, equals), one.substr(equals + 1))) return std::nullopt;
        any = true;
    }
    return any ? std::optional(std::move(query)) : std::nullopt;
}

/// Any name that is a question is a file with its answer.
class find_directory final : public tree::directory {
  public:
    explicit find_directory(directory_sources sources) : sources_(std::move(sources)) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        return {{"README.md", tree::readme_node(find_readme)}};
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        if (name == "README.md") return tree::readme_node(find_readme);
        auto query = query_of(name);
        if (!query) return std::nullopt;
        auto& from = sources_.from;
        const auto version =
            tree::version_of(from.store.changes(), std::hash<std::string_view>()(name));
        auto node = tree::text_node(
            version, from.store.lines().segments().back().changed,
            [&from, query = std::move(*query)] { return events_text(from, query); });
        std::get<tree::text_file>(node.content).slow = true;
        return node;
    }

  private:
    const directory_sources sources_;
};

}  // namespace

std::string events_text(const auditor_state& from, ledger::audit_query query,
                        const std::function<bool(const record::audit_event&)>& is_wanted) {
    query.lines_read_max = lines_read_max;
    std::string text;
    const auto found =
        from.store.find(query, [&](std::string_view line, const record::audit_event& event) {
            if (is_wanted && !is_wanted(event)) return;
            text += line;
            text += '\n';
        });
    if (!found) throw boost::system::system_error(found.error());
    if (found->more) text += more_line;
    return text;
}

std::shared_ptr<const tree::directory> make_find_directory(const directory_sources& sources) {
    return std::make_shared<find_directory>(sources);
}

}  // namespace tallyfs::trail
