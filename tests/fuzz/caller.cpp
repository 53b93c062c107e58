// Who called: addresses, ranges, control groups, programs and headers become labels that can be
// stored and shown. Rules: docs/who-called.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/limits.hpp>

#include <proxy/caller_address.hpp>
#include <proxy/caller_label.hpp>
#include <proxy/process_names.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

namespace {

void require_label(const std::string& text) {
    require(!text.empty() && text.size() <= limits::label_bytes_max, "a label is bounded");
    require(proxy::clean_label(text) == text, "a label is clean");
}

void check_addresses(std::string_view text) {
    const auto address = proxy::ip_address::parse(text);
    if (address) {
        const auto again = proxy::ip_address::parse(address->to_string());
        require(again == address, "an address is read back");
        const auto alone = proxy::ip_range::parse(address->to_string());
        require(alone && alone->contains(*address), "an address is a range of its own");
    }
    const auto range = proxy::ip_range::parse(text);
    if (!range) return;
    const auto first = proxy::ip_address::parse(text.substr(0, text.find('/')));
    require(first && range->contains(*first), "a range contains the address it is named by");
    require(range->prefix_bits() <= first->size() * 8, "a prefix is no longer than an address");
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) words.emplace_back(take_until(text, '\0'));
    return words;
}

/// Every word can be anything: labels, and a principal that the request cannot choose.
void check_identity(const std::vector<std::string>& words, std::string_view cgroup) {
    const auto word = [&](std::size_t i) {
        return i < words.size() ? std::string_view(words[i]) : std::string_view();
    };
    proxy::caller_options options;
    options.ranges.push_back({"office", "10.0.0.0/8"});
    options.keys.push_back({"n8n", "a secret"});
    const proxy::caller_rules rules(options);
    proxy::request_words request;
    if (!word(0).empty()) request.path_service = word(0);
    if (!word(1).empty()) request.path_task = word(1);
    request.header = [&](std::string_view name) {
        if (name == "X-Service") return word(2);
        if (name == "X-Task") return word(3);
        return name == "User-Agent" ? word(4) : word(5);
    };
    const proxy::connection_ends ends{"10.1.2.3", 40000, "10.1.2.4", 11433};
    const proxy::local_process process{1000, 42, std::string(word(6)), std::string(cgroup)};
    for (const bool local : {false, true}) {
        const auto found =
            rules.identify(request, ends, local ? std::optional(process) : std::nullopt);
        require_label(found.service);
        require_label(found.principal);
        if (found.task) require_label(*found.task);
        if (found.process) require_label(*found.process);
        const bool by_key = found.principal == "key:n8n";
        require(by_key || local || found.principal == "range:office",
                "what a request says does not change its principal");
    }
}

}  // namespace

void caller(std::string_view input) {
    const auto first_line = input.substr(0, input.find('\n'));
    check_addresses(first_line);
    (void)proxy::user_agent_product(first_line);
    const auto identity = proxy::identity_of_cgroup_lines(input);
    require(identity.find('\n') == identity.npos, "an identity is of one line");
    const auto words = words_of(input);
    const auto comm = words.empty() ? std::string() : words.front();
    (void)proxy::process_name(comm, comm, words);
    check_identity(words, identity);
    check_identity(words, proxy::cgroup_identity(first_line));
    check_identity(words, first_line);
}

}  // namespace tallyfs::fuzz
