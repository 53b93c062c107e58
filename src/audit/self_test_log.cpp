#include "audit/audited.hpp"
#include "audit/self_test_checks.hpp"

#include <tallyfs/base/readable.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

/// More than looks, monitoring and autovacuum come to between two looks.
constexpr std::int64_t transactions_that_show_work = 100;
constexpr std::int32_t version_with_jsonlog = 150'000;

bool is_overdue(const self_test_input& seen, const canary& one) {
    if (!one.answered || one.seen) return false;
    const bool is_past = !seen.feed.may_be_late && seen.feed.grew >= one.sent + canary_lateness;
    return is_past || seen.now - one.sent >= seen.canary_patience;
}

const canary* newest_overdue(const self_test_input& seen) {
    for (auto one = seen.canaries.rbegin(); one != seen.canaries.rend(); ++one) {
        if (is_overdue(seen, *one)) return &*one;
    }
    return nullptr;
}

std::string format_advice(const self_test_input& seen) {
    if (!seen.server) {
        return "Have the server write jsonlog (from PostgreSQL 15 on) or csvlog, and tallyfs read"
               " that.";
    }
    return std::string("Have the server write ") +
           (seen.server->version >= version_with_jsonlog ? "jsonlog" : "csvlog") +
           ", and tallyfs read that: audit/setup.sql has the statements.";
}

struct destinations {
    bool text = false;
    bool structured = false;  ///< csvlog or jsonlog, to files of the collector
    bool any_structured_named = false;
};

destinations destinations_of(const server_facts& server, std::string_view list) {
    bool stderr_named = false;
    destinations made;
    for (std::size_t at = 0; at <= list.size();) {
        const auto end = std::min(list.find(',', at), list.size());
        auto name = to_lower(list.substr(at, end - at));
        at = end + 1;
        std::erase_if(name, [](char c) { return c == ' ' || c == '\t' || c == '"'; });
        stderr_named = stderr_named || name == "stderr";
        made.any_structured_named =
            made.any_structured_named || name == "csvlog" || name == "jsonlog";
    }
    const auto collector = server.settings.find("logging_collector");
    const bool collects = collector != server.settings.end() && is_on(collector->second);
    made.structured = made.any_structured_named && collects;
    // Without its collector, the server writes what belongs in files to stderr.
    made.text = stderr_named || (made.any_structured_named && !collects);
    return made;
}

void check_destination(const self_test_input& seen, findings& into) {
    const auto& server = *seen.server;
    const auto list = server.settings.find("log_destination");
    // A provider fetches the log in ways of its own.
    if (list == server.settings.end() || server.is_managed) return;
    const auto writes = destinations_of(server, list->second);
    const auto& trust = seen.feed.trust;
    const auto is = "log_destination is '" + ascii(list->second) + "'";
    if (trust == "structured" && !writes.structured) {
        into.add("log-destination", verdict::blind,
                 is + (writes.any_structured_named ? " and logging_collector is off" : "") +
                     ": the log that is read, csvlog or jsonlog, is not written any more.",
                 format_advice(seen));
    } else if ((trust == "text" || trust == "guarded_text") && !writes.text) {
        into.add("log-destination", verdict::blind,
                 is + ": the log that is read, text, is not written any more.",
                 "Have tallyfs read what the server writes.");
    } else if (!writes.text && !writes.structured) {
        into.add("log-destination", verdict::blind,
                 is + ": nothing of that can be read by tallyfs.", format_advice(seen));
    } else if (writes.any_structured_named && !writes.structured) {
        into.add("log-destination", verdict::weak,
                 is + " and logging_collector is off: the server writes text instead.",
                 "ALTER SYSTEM SET logging_collector = on; and restart the server.");
    }
}

void check_growth(const self_test_input& seen, findings& into) {
    const auto& feed = seen.feed;
    if (!seen.server) return;
    const auto* const overdue = newest_overdue(seen);
    if (overdue != nullptr && feed.grew < overdue->sent) {
        into.add("log-growth", verdict::blind,
                 "The log has not grown since the server answered a canary: nothing is logged, or"
                 " another file is written than is read.",
                 "Look at log_directory and log_filename, and at what tallyfs is told to read.");
        return;
    }
    // A canary tells for certain; without one, a log that stands still beside work is suspicious.
    const bool any_answered = std::ranges::any_of(seen.canaries, &canary::answered);
    if (any_answered || !seen.server_before || seen.now - feed.grew < self_test_window) return;
    const auto worked = seen.server->transactions - seen.server_before->transactions;
    if (worked < transactions_that_show_work) return;
    into.add("log-growth", verdict::blind, "The server works, and its log does not grow.",
             "Let tallyfs send canaries, which tell whether that is so because nothing happens"
             " that is logged: audit/setup.sql has the statements.");
}

void check_trust(const self_test_input& seen, findings& into) {
    const auto& feed = seen.feed;
    if (feed.forged > 0) {
        into.add("forged", verdict::weak,
                 "The log holds records that no server wrote: somebody tries to forge them.",
                 format_advice(seen));
    }
    if (feed.trust == "text") {
        into.add("trust", verdict::weak,
                 "The log is text in which a client can forge whole lines by the name of a user or"
                 " a database, even without a log-in.",
                 format_advice(seen));
    } else if (!feed.trust.empty()) {
        into.pass("What a client sends cannot forge lines of the log.");
    }
}

}  // namespace

void check_canaries(const self_test_input& seen, findings& into) {
    if (seen.canaries.empty()) {
        into.add("canary", verdict::unknown, "No canary has been sent yet.");
        return;
    }
    const bool any_seen = std::ranges::any_of(seen.canaries, &canary::seen);
    const auto& newest = seen.canaries.back();
    if (!newest.answered && !newest.problem.empty()) {
        into.add("canary", any_seen ? verdict::weak : verdict::unknown,
                 "The canary could not be sent: " + newest.problem + ".",
                 "audit/setup.sql has what the role of tallyfs needs.");
    }
    if (const auto* const overdue = newest_overdue(seen); overdue != nullptr) {
        const bool later_seen = std::ranges::any_of(
            seen.canaries, [&](const auto& one) { return one.seen && one.sent > overdue->sent; });
        into.add("canary", verdict::blind,
                 later_seen ? "A canary did not turn up in the log, and a later one did: lines were"
                              " lost in between."
                            : "The server has answered a canary that did not turn up in the log:"
                              " what people do does not turn up either.",
                 "The role of tallyfs needs pgaudit.log = 'function'; if it has that, the log that"
                 " is read is not the one that is written.");
    } else if (any_seen) {
        into.pass("Canaries turn up in the log.");
    } else if (newest.answered || newest.problem.empty()) {
        into.add("canary", verdict::unknown, "The first canary is on its way.");
    }
}

void check_log(const self_test_input& seen, findings& into) {
    const auto& feed = seen.feed;
    if (!feed.problem.empty()) {
        into.add("log", verdict::blind, "The log cannot be read: " + feed.problem + ".");
    } else if (feed.entries == 0) {
        into.add("log", verdict::unknown, "Nothing has been read of the log yet.");
    } else {
        into.pass("The log can be read.");
    }
    if (feed.gaps > 0) {
        into.add(
            "lines", verdict::blind,
            "Lines are missing in the log: the numbers of a session's lines have gaps. Somebody"
            " has taken lines out, or parts of the log were not read.",
            "Compare with the server's own copy of the log; the events of kind gap name the"
            " sessions.");
    } else if (feed.entries > 0) {
        into.pass("No line is missing.");
    }
    if (feed.unreadable > 0) {
        into.add("records", verdict::blind,
                 "The log holds records of pgAudit that are not understood: what they tell of is"
                 " not judged.",
                 "The events of kind unreadable show them. Is pgAudit newer than this tallyfs?");
    }
    if (feed.unreadable_pieces > 0) {
        // Programs that a server starts can print into a log of text.
        const bool nothing = feed.entries == 0;
        into.add("pieces", nothing ? verdict::blind : verdict::weak,
                 nothing ? "Nothing of the log can be read." : "Pieces of the log cannot be read.",
                 "Is it the log of a server, with the log_line_prefix that tallyfs is told?");
    }
    if (feed.is_ahead) {
        into.add("clock", verdict::weak,
                 "The log is more than 10 minutes ahead of our clock: nobody can tell whether"
                 " sessions are silent, and alerts count on until our clock has got there.",
                 "Set the clocks; or set log_timezone = 'UTC', if its zone is one without an"
                 " offset in its name.");
    }
    if (seen.server) check_destination(seen, into);
    check_growth(seen, into);
    check_trust(seen, into);
}

}  // namespace tallyfs::audit
