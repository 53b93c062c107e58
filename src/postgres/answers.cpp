#include "postgres/answers.hpp"

namespace tallyfs::postgres {

std::string missing_text(const std::string& about, const failure& why, const std::string& role) {
    std::string text = about + ": ";
    if (why.sqlstate == "42501") return text + why.what + "; GRANT pg_monitor TO " + role;
    // A table, function or column that is not there, or a feature that is off.
    if (why.sqlstate.starts_with("42") || why.sqlstate == "0A000") {
        return text + "this server does not have it (" + why.what + ")";
    }
    return text + why.what;
}

std::optional<failure> ask_all(connection& on, const std::vector<question>& questions,
                               std::vector<std::string>& missing) {
    std::vector<std::string> statements;
    for (const auto& one : questions) statements.push_back(one.sql);
    const auto answers = on.read_each(statements);
    if (!answers) return answers.error();
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const auto& answer = (*answers)[i];
        if (!answer) {
            missing.push_back(missing_text(questions[i].about, answer.error(), on.role()));
            continue;
        }
        for (const auto& row : *answer) {
            fields in(row);
            questions[i].take(in);
        }
    }
    return std::nullopt;
}

}  // namespace tallyfs::postgres
