// Registrations of databases: what is read is clean, bounded, and read again from its canonical
// form; a refusal repeats no value. Format: docs/databases.md, "Registering".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/health/registration_text.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

namespace {

/// Nothing of ours has it: a value that is seen in a message was repeated there.
constexpr std::string_view secret = "hunter2hunter2";

void check_shown(std::string_view text, std::string_view what) {
    const bool shown = std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    require(shown && is_utf8(text) && !text.empty(), what);
}

void check_registration(const health::registration& read) {
    const auto text = canonical_text(read);
    check_shown(text, "a registration is written on one line");
    require(text.size() <= health::registration_bytes_max, "a registration is bounded");
    // As it stands in the journal.
    std::string json;
    append_json_string(json, text);
    require(json.size() < 11 * std::size_t{1024}, "an action has room for a registration");
    const auto again = health::parse_registration(text);
    require(again.has_value() && *again == read, "a registration is read as it was written");
    require(std::ranges::find(health::environments, read.cluster.environment) !=
                health::environments.end(),
            "there are four environments");
    require(health::is_plain_name(read.cluster.cluster), "a cluster is one step of a path");
    require(health::problem_of_host(read.host).empty() && read.port != 0, "a host is one place");
    require(text.find("://") == text.npos || text.find('@', text.find("://")) == text.npos,
            "no address with a password gets in");
}

}  // namespace

void registrations(std::string_view input) {
    if (const auto words = health::parse_registration(input)) {
        check_registration(*words);
    } else {
        check_shown(words.error().sentence, "a refusal is one line");
    }
    const auto list = health::parse_registration_csv(input);
    for (const auto& one : list.entries) check_registration(one);
    for (const auto& problem : list.problems) check_shown(problem, "a problem is one line");
    require(list.entries.size() <= health::registrations_max, "a list is bounded");

    // A value that no field accepts: whatever is said of it does not have it.
    const auto name = std::string(take_until(input, '\n'));
    const std::vector<health::registration_field> fields{
        {name.find(secret) != name.npos ? "env" : name,
         std::string(input) + std::string(secret) + "\n"}};
    const auto refused = health::registration_of(fields);
    require(!refused && refused.error().sentence.find(secret) == std::string::npos,
            "a refusal repeats no value");
}

}  // namespace tallyfs::fuzz
