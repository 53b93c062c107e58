#include "mountd/daemon.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/chain_day.hpp>

#include <iostream>

namespace tallyfs::mountd {

namespace {

/// A daemon that runs beside can delete a day at any moment, but not many in a minute.
constexpr int tries_max = 5;

/// One chain of the state, and what has to be in it.
struct chain_of_state {
    std::string name;  ///< of the stream
    std::filesystem::path directory;
    std::filesystem::path head_file;
    std::vector<journal::chain_head> known;  ///< the kept one first, if there is one
    std::string head_problem;                ///< "" or what is wrong with the file of the kept one
};

std::string counted(std::uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

journal::chain_head parse_expected(const std::string& option, const std::string& text) {
    const auto head = journal::chain_head::parse(text);
    if (!head) {
        throw startup_error(option + " \"" + text +
                                "\" is no head: it is NUMBER:HASH, as verify and chain.txt show it",
                            2);
    }
    return *head;
}

chain_of_state find_chain(const std::filesystem::path& state, const std::string& name) {
    chain_of_state found{name, state / "journal" / name, state / (name + ".head"), {}, {}};
    const auto kept = journal::read_chain_head(found.head_file);
    if (!kept && kept.error() != boost::system::errc::bad_message) {
        throw startup_error("cannot read " + found.head_file.string() + ": " +
                            kept.error().message());
    }
    if (kept && *kept) {
        found.known.push_back(**kept);
    } else {
        found.head_problem = kept ? "is gone" : "cannot be understood";
    }
    return found;
}

void print_breaks(const chain_of_state& chain, const journal::chain_report& report) {
    for (const auto& broken : report.breaks) {
        if (broken.file.empty()) {
            std::cout << chain.directory.string() << ": " << broken.what << '\n';
        } else {
            std::cout << (chain.directory / broken.file).string() << ':' << broken.line << ": "
                      << broken.what << '\n';
        }
    }
    if (report.breaks_found > report.breaks.size()) {
        std::cout << "and " << report.breaks_found - report.breaks.size() << " more\n";
    }
}

/// True if it holds.
bool print(const chain_of_state& chain, const journal::chain_report& report) {
    const bool has_head = chain.head_problem.empty();
    const bool intact = report.intact() && has_head;
    const std::string margin(9, ' ');
    std::cout << chain.name << margin.substr(chain.name.size()) << (intact ? "intact" : "BROKEN")
              << ": " << counted(report.end.lines - report.deleted_lines, "line") << " in "
              << counted(report.segments, "segment") << '\n'
              << margin << "head " << report.end.to_string() << '\n';
    if (report.deleted_lines > 0) {
        std::cout << margin << counted(report.deleted_lines, "line")
                  << " before them were deleted, as the actions tell\n";
    }
    if (report.lines_after_head > 0 && has_head) {
        std::cout << margin << counted(report.lines_after_head, "line")
                  << " behind the head that was kept: appended this moment, or at a crash\n";
    }
    if (!has_head) {
        std::cout << chain.head_file.string() << ": " << chain.head_problem
                  << ", so nothing tells whether the end was cut off\n";
    }
    print_breaks(chain, report);
    return intact;
}

bool verify_actions(const options& given) {
    auto chain = find_chain(given.state, "actions");
    if (!given.expected_head.empty()) {
        chain.known.push_back(parse_expected("--head", given.expected_head));
    }
    return print(chain, journal::verify_chain(chain.directory, chain.known));
}

/// Against the deletions that the actions tell of; again, where one was recorded meanwhile.
bool verify_audit(const options& given) {
    const auto actions = given.state / "journal" / "actions";
    for (int tries = 1;; ++tries) {
        const auto bases = journal::read_bases(actions);
        auto chain = find_chain(given.state, "audit");
        const bool is_kept = chain.head_problem.empty() || !bases.empty();
        if (!std::filesystem::is_directory(chain.directory)) {
            // Where nobody keeps an audit there is nothing to verify.
            if (!is_kept && given.expected_audit_head.empty()) return true;
            std::cout << "audit    BROKEN: " << chain.directory.string() << " is gone\n";
            return false;
        }
        if (!given.expected_audit_head.empty()) {
            chain.known.push_back(parse_expected("--audit-head", given.expected_audit_head));
        }
        const auto is_current = [&] {
            return tries == tries_max || journal::read_bases(actions) == bases;
        };
        try {
            const auto report = journal::verify_chain(chain.directory, chain.known, nullptr, bases);
            if (report.intact() || is_current()) return print(chain, report);
        } catch (const startup_error&) {
            if (is_current()) throw;
        }
    }
}

}  // namespace

int verify_chains(const options& given) {
    if (!std::filesystem::is_directory(given.state / "journal" / "actions")) {
        throw startup_error("there are no actions in " + given.state.string() +
                            "; choose the state directory with --state");
    }
    const bool actions = verify_actions(given);
    const bool audit = verify_audit(given);
    return actions && audit ? 0 : 1;
}

}  // namespace tallyfs::mountd
