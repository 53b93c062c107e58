#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/health/migrations.hpp>
#include <tallyfs/health/sql_script.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace tallyfs::health {

namespace {

constexpr std::string_view blanks = " \t\r\f\v";
constexpr std::array<std::string_view, 1> known_options{"transaction"};

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Takes a line off the front, without its end.
std::string_view take_line(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

struct directive {
    direction way = direction::up;
    std::string_view options;
};

/// ^--\s*migrate:up(\s*$|\s+\S+), and the same of down.
std::optional<directive> directive_of(std::string_view line) {
    if (!line.starts_with("--")) return std::nullopt;
    line = trimmed(line.substr(2));
    for (const auto way : {direction::up, direction::down}) {
        const auto head = "migrate:" + std::string(to_string(way));
        if (!line.starts_with(head)) continue;
        const auto options = line.substr(head.size());
        if (!options.empty() && blanks.find(options.front()) == std::string_view::npos) continue;
        return directive{way, trimmed(options)};
    }
    return std::nullopt;
}

/// Words without a colon are a remark, as dbmate has it. Returns what is wrong, or "".
std::string read_options(std::string_view options, bool& transaction) {
    while (!options.empty()) {
        const auto end = std::min(options.find_first_of(blanks), options.size());
        const auto word = options.substr(0, end);
        options = trimmed(options.substr(end));
        const auto colon = word.find(':');
        if (colon == std::string_view::npos) continue;
        const auto name = word.substr(0, colon);
        const auto value = word.substr(colon + 1);
        if (name != "transaction") {
            return "there is no option \"" + std::string(name) + "\"" +
                   did_you_mean(name, known_options);
        }
        if (value != "true" && value != "false") return "transaction is true or false";
        transaction = value == "true";
    }
    return "";
}

/// What keeps a line from being shown as it is, or "".
std::string not_as_shown(std::string_view line) {
    for (std::size_t at = 0; at < line.size();) {
        const auto length = utf8_length(line, at);
        if (length == 0) return "it is not UTF-8";
        const auto c = static_cast<unsigned char>(line[at]);
        if ((c < 0x20 && c != '\t') || c == 0x7f || is_invisible(line.substr(at, length))) {
            return "a character cannot be seen: take it out";
        }
        at += length;
    }
    return "";
}

class reader {
  public:
    /// Returns what is wrong with the line, or "".
    std::string take(std::string_view line, std::size_t number) {
        if (auto reason = not_as_shown(line); !reason.empty()) return reason;
        if (const auto found = directive_of(line)) return begin(*found, number);
        if (current_ != nullptr) {
            current_->sql.append(line) += '\n';
            return "";
        }
        const auto text = trimmed(line);
        if (text.empty() || text.starts_with("--")) return "";
        return "before the first \"-- migrate:up\" there may only be comments";
    }
    /// The same at the end of the file.
    std::string finish() {
        if (made_.up.empty()) return "no line is \"-- migrate:up\"";
        if (made_.down.size() < made_.up.size()) return missing_down;
        std::ranges::reverse(made_.down);
        for (const auto* sections : {&made_.up, &made_.down}) {
            for (const auto& section : *sections) {
                if (auto reason = check(section); !reason.empty()) return reason;
            }
        }
        return "";
    }
    [[nodiscard]] std::size_t line() const { return line_; }
    [[nodiscard]] migration& made() { return made_; }

  private:
    static constexpr auto missing_down =
        "a \"-- migrate:up\" has to be followed by a \"-- migrate:down\"";

    std::string begin(const directive& found, std::size_t number) {
        const bool up = found.way == direction::up;
        const bool open = made_.up.size() > made_.down.size();
        if (up && open) return missing_down;
        if (!up && !open) return "a \"-- migrate:down\" has to follow a \"-- migrate:up\"";
        auto& sections = up ? made_.up : made_.down;
        if (sections.size() == migration_sections_max) {
            return "there are more than " + std::to_string(migration_sections_max) + " pairs";
        }
        current_ = &sections.emplace_back();
        current_->line = number + 1;
        line_ = number;
        return read_options(found.options, current_->transaction);
    }
    std::string check(const migration_section& section) {
        if (!section.transaction) return "";
        for (const auto& statement : statements_of(section.sql)) {
            if (!controls_transaction(statement.text)) continue;
            line_ = section.line + statement.line - 1;
            return "it begins or ends a transaction: it runs in one already, unless the line "
                   "\"-- migrate:…\" says transaction:false";
        }
        return "";
    }

    migration made_;
    migration_section* current_ = nullptr;
    std::size_t line_ = 1;
};

}  // namespace

std::string_view to_string(direction value) noexcept {
    return value == direction::up ? "up" : "down";
}

bool migration::is_atomic(direction way) const {
    return std::ranges::all_of(sections(way), &migration_section::transaction);
}

bool migration::is_empty(direction way) const {
    return std::ranges::all_of(
        sections(way), [](const migration_section& one) { return statements_of(one.sql).empty(); });
}

std::string migration_problem::message() const {
    return "line " + std::to_string(line) + ": " + reason;
}

void throw_exception_from_error(const migration_problem& why, const boost::source_location&) {
    throw std::runtime_error(why.message());
}

boost::system::result<migration, migration_problem> parse_migration(std::string_view content) {
    if (content.size() > migration_bytes_max) {
        return migration_problem{1, "it has " + std::to_string(content.size()) +
                                        " bytes: at most " + std::to_string(migration_bytes_max)};
    }
    reader found;
    for (std::size_t number = 1; !content.empty(); ++number) {
        const auto line = take_line(content);
        if (auto reason = found.take(line, number); !reason.empty()) {
            return migration_problem{number, std::move(reason)};
        }
    }
    if (auto reason = found.finish(); !reason.empty()) {
        return migration_problem{found.line(), std::move(reason)};
    }
    return std::move(found.made());
}

std::string_view version_of(std::string_view file_name) noexcept {
    if (!file_name.ends_with(".sql")) return {};
    const auto digits = std::min(file_name.find_first_not_of("0123456789"), file_name.size());
    return digits <= migration_version_bytes_max ? file_name.substr(0, digits) : std::string_view{};
}

}  // namespace tallyfs::health
