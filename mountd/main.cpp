#include "mountd/daemon.hpp"
#include "mountd/options.hpp"

#include <tallyfs/base/error.hpp>

#include <sys/stat.h>

#include <exception>
#include <iostream>

namespace {

int run(int argc, char* argv[]) {
    using tallyfs::mountd::command;
    const auto given = tallyfs::mountd::read_options(argc, argv);
    switch (given.command) {
        case command::help:
            std::cout << given.help_text;
            return 0;
        case command::check_config:
            std::cout << (given.configuration_file.empty()
                              ? std::string("no configuration file: the defaults hold")
                              : given.configuration_file.string() + ": ok")
                      << '\n';
            return 0;
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
