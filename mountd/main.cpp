#include "mountd/audit_configuration.hpp"
#include "mountd/daemon.hpp"
#include "mountd/options.hpp"
#include "mountd/people_configuration.hpp"

#include <tallyfs/base/error.hpp>

#include <sys/stat.h>

#include <exception>
#include <iostream>

namespace {

int check(const tallyfs::mountd::options& given) {
    if (given.configuration_file.empty()) {
        std::cout << "no configuration file: the defaults hold\n";
        return 0;
    }
    auto problems = tallyfs::mountd::check_people(given);
    for (auto& problem : tallyfs::postgres::problems_of(given.databases)) {
        problems.push_back(std::move(problem));
    }
    for (auto& problem : tallyfs::mountd::check_audit(given))
        problems.push_back(std::move(problem));
    for (const auto& problem : problems) {
        std::cerr << given.configuration_file.string() << ": " << problem << '\n';
    }
    if (!problems.empty()) return 2;
    std::cout << given.configuration_file.string() << ": ok\n";
    return 0;
}

int run(int argc, char* argv[]) {
    using tallyfs::mountd::command;
    const auto given = tallyfs::mountd::read_options(argc, argv);
    switch (given.command) {
        case command::help:
            std::cout << given.help_text;
            return 0;
        case command::check_config:
            return check(given);
        case command::rebuild:
            return tallyfs::mountd::rebuild_ledger(given);
        case command::verify:
            return tallyfs::mountd::verify_chains(given);
        case command::run:
            break;
    }
    return tallyfs::mountd::run_daemon(given);
}

}  // namespace

int main(int argc, char* argv[]) {
    // SQLite would let everybody read its files, and who called is nobody else's business.
    ::umask(077);
    try {
        return run(argc, argv);
    } catch (const tallyfs::startup_error& error) {
        std::cerr << "tallyfs: " << error.what() << '\n';
        return error.exit_code();
    } catch (const std::exception& error) {
        std::cerr << "tallyfs: " << error.what() << '\n';
        return 1;
    }
}
