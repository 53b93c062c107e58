#include "audit/audited.hpp"

#include <tallyfs/base/readable.hpp>

namespace tallyfs::audit {

namespace {

/// MERGE came with 15.
constexpr std::int32_t version_with_merge = 150'000;

/// A value that somebody typed, shown in a sentence.
std::string shown(std::string_view value) {
    constexpr std::size_t columns = 60;
    const auto plain = ascii(value);
    return "'" + (plain.size() > columns ? plain.substr(0, columns) + "~" : plain) + "'";
}

class finder {
  public:
    finder(const server_facts& server, const role_settings& role, const std::string& database)
        : server_(server), role_(role), database_(database) {}

    std::vector<audit_gap> run() {
        judge_level();
        const auto list = value("pgaudit.log");
        if (!list) {
            add("role-settings", verdict::weak, "pgaudit.log",
                " is the server's, which tallyfs cannot see because its own role has another one:"
                " it is not known what of them is logged.",
                classes_text(classes::needed | classes::read));
            return std::move(found_);
        }
        const auto logged = parse_classes(*list);
        judge_classes(*list, logged);
        if (logged && (*logged & classes::write) != 0) {
            judge_relation(*logged);
            judge_rows();
        }
        if (logged && (*logged & (classes::read | classes::write)) != 0) judge_catalog();
        judge_text();
        return std::move(found_);
    }

  private:
    std::optional<std::string> value(const char* name) const {
        return in_force(server_, role_, database_, name);
    }
    void add(const char* check, audit::verdict how_bad, const char* setting, std::string what,
             std::string mends) {
        found_.push_back({check, how_bad, setting, std::move(what), std::move(mends)});
    }

    void judge_level() {
        const auto level = value("pgaudit.log_level").value_or("log");
        const auto least = value("log_min_messages").value_or("warning");
        if (is_logged(level, least)) {
            if (!is_logged("error", least)) judge_errors(least);
            return;
        }
        // The level of pgAudit's lines is to blame where the lines of an ordinary one would do.
        if (is_logged("log", least)) {
            add("log-level", verdict::blind, "pgaudit.log_level",
                " is " + shown(level) + ", which log_min_messages = " + shown(least) +
                    " keeps out of the log: nothing is logged of them.",
                "log");
        } else {
            add("log-level", verdict::blind, "log_min_messages",
                " is " + shown(least) +
                    ", which keeps pgAudit's lines out of the log: nothing is"
                    " logged of them.",
                "warning");
        }
    }

    /// What is denied leaves no line of pgAudit, only an error.
    void judge_errors(const std::string& least) {
        add("log-level", verdict::weak, "log_min_messages",
            " is " + shown(least) +
                ", which keeps errors out of the log: a statement of them that is denied or fails"
                " leaves no line.",
            "warning");
    }

    void judge_classes(const std::string& list, std::optional<std::uint8_t> logged) {
        const auto has = logged.value_or(0);
        const auto mended = classes_text(has | classes::needed | classes::read);
        std::string lost;
        const auto lose = [&](std::uint8_t one, const char* text) {
            if ((has & one) == 0) lost += (lost.empty() ? "" : ", ") + std::string(text);
        };
        lose(classes::write, "changes of data (write)");
        lose(classes::ddl, "changes of tables (ddl)");
        lose(classes::role, "changes of rights (role)");
        if (!lost.empty()) {
            auto what = " is " + shown(list) + (logged ? "" : ", which the server does not take") +
                        ": " + lost + " leave no line.";
            const auto objects = value("pgaudit.role").value_or("");
            if (!objects.empty()) {
                what += " But for what the role " + shown(objects) + " has rights on.";
            }
            add("role-settings", verdict::blind, "pgaudit.log", std::move(what), mended);
        } else if ((has & classes::read) == 0) {
            add("role-settings", verdict::weak, "pgaudit.log",
                " is " + shown(list) + ": what is only read leaves no line.", mended);
        }
    }

    void judge_relation(std::uint8_t logged) {
        if (is_on(value("pgaudit.log_relation").value_or("off"))) return;
        // Without it, a statement is of the class of its first word, and MERGE of none but misc.
        const bool loses_with = (logged & classes::read) == 0;
        const bool loses_merge =
            server_.version >= version_with_merge && (logged & classes::misc) == 0;
        std::string what = " is off: ";
        if (loses_with) what += "a DELETE inside of WITH";
        if (loses_merge) what += loses_with ? " and MERGE" : "MERGE";
        if (loses_with && loses_merge) {
            what += " leave no line.";
        } else if (loses_with || loses_merge) {
            what += " leaves no line.";
        } else {
            what +=
                "a DELETE inside of WITH shows as something that only reads, and no line names"
                " a table.";
        }
        add("log-relation", loses_with || loses_merge ? verdict::blind : verdict::weak,
            "pgaudit.log_relation", std::move(what), "on");
    }

    void judge_rows() {
        const auto rows = value("pgaudit.log_rows");
        if (!rows || is_on(*rows)) return;  // before 1.6 there is none
        add("log-rows", verdict::weak, "pgaudit.log_rows",
            " is off: how many rows a statement changed is not logged, so that a bulk delete looks"
            " like any other.",
            "on");
    }

    void judge_catalog() {
        if (is_on(value("pgaudit.log_catalog").value_or("on"))) return;
        add("log-catalog", verdict::weak, "pgaudit.log_catalog",
            " is off: what reads or changes only catalogs, as UPDATE pg_settings does, leaves no"
            " line.",
            "on");
    }

    void judge_text() {
        if (is_on(value("pgaudit.log_statement").value_or("on"))) return;
        add("statement-text", verdict::weak, "pgaudit.log_statement",
            " is off: lines do not say what the statement was.", "on");
    }

    const server_facts& server_;
    const role_settings& role_;
    const std::string& database_;
    std::vector<audit_gap> found_;
};

}  // namespace

std::vector<audit_gap> gaps_of(const server_facts& server, const role_settings& role,
                               const std::string& database) {
    return finder(server, role, database).run();
}

}  // namespace tallyfs::audit
