#include "support/postgres_cluster.hpp"

#include <signal.h>
#include <stdexcept>

namespace tallyfs::test {

using std::chrono::seconds;
using steady = std::chrono::steady_clock;

psql_session::psql_session(const postgres_cluster& server, const std::string& database,
                           const std::string& role)
    : program_(
          [&] {
              auto command = server.psql_command(database, role);
              // Its errors are answers here, not its end.
              command.insert(command.end(), {"-v", "ON_ERROR_STOP=0"});
              return command;
          }(),
          ordinary_user(), SIGKILL) {
    pid_ = std::stoi(run("SELECT pg_backend_pid()"));
}

void psql_session::start(const std::string& sql) {
    program_.write_input(sql + ";\n\\echo answer " + std::to_string(++answers_) + "\n");
}

std::string psql_session::finish() {
    const std::string end = "answer " + std::to_string(answers_) + "\n";
    const auto deadline = steady::now() + seconds(60);
    std::size_t at = 0;
    while ((at = unread_.find(end)) == std::string::npos) {
        const auto more = program_.read_output(seconds(1));
        if (more && more->empty()) throw std::runtime_error("psql ended: " + unread_);
        if (more) unread_ += *more;
        if (steady::now() > deadline) throw std::runtime_error("psql does not answer: " + unread_);
    }
    auto answer = unread_.substr(0, at);
    unread_.erase(0, at + end.size());
    while (!answer.empty() && answer.back() == '\n') answer.pop_back();
    return answer;
}

std::string psql_session::run(const std::string& sql) {
    start(sql);
    return finish();
}

}  // namespace tallyfs::test
