#include "mountd/daemon.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/chain.hpp>

#include <iostream>

namespace tallyfs::mountd {

namespace {

std::string counted(std::uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

journal::chain_head parse_expected(const std::string& text) {
    const auto head = journal::chain_head::parse(text);
    if (!head) {
        throw startup_error(
            "--head \"" + text + "\" is no head: it is NUMBER:HASH, as actions/chain.txt shows it",
            2);
    }
    return *head;
}

}  // namespace

int verify_chains(const options& given) {
    const auto directory = given.state / "journal" / "actions";
    const auto head_file = given.state / "actions.head";
    if (!std::filesystem::is_directory(directory)) {
        throw startup_error("there are no actions in " + given.state.string() +
                            "; choose the state directory with --state");
    }
    const auto kept = journal::read_chain_head(head_file);
    if (!kept && kept.error() != boost::system::errc::bad_message) {
        throw startup_error("cannot read " + head_file.string() + ": " + kept.error().message());
    }
    std::vector<journal::chain_head> known;
    if (kept && *kept) known.push_back(**kept);
    const bool has_head = !known.empty();
    if (!given.expected_head.empty()) known.push_back(parse_expected(given.expected_head));
    const auto report = journal::verify_chain(directory, known);
    const bool intact = report.intact() && has_head;
    std::cout << "actions  " << (intact ? "intact" : "BROKEN") << ": "
              << counted(report.end.lines, "line") << " in " << counted(report.segments, "segment")
              << "\n         head " << report.end.to_string() << '\n';
    if (report.lines_after_head > 0 && has_head) {
        std::cout << "         " << counted(report.lines_after_head, "line")
                  << " behind the head that was kept: appended this moment, or at a crash\n";
    }
    if (!has_head) {
        std::cout << head_file.string() << ": " << (kept ? "is gone" : "cannot be understood")
                  << ", so nothing tells whether the end was cut off\n";
    }
    for (const auto& broken : report.breaks) {
        if (broken.file.empty()) {
            std::cout << directory.string() << ": " << broken.what << '\n';
        } else {
            std::cout << (directory / broken.file).string() << ':' << broken.line << ": "
                      << broken.what << '\n';
        }
    }
    if (report.breaks_found > report.breaks.size()) {
        std::cout << "and " << report.breaks_found - report.breaks.size() << " more\n";
    }
    return intact ? 0 : 1;
}

}  // namespace tallyfs::mountd
