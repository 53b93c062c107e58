// How long it takes to ask 50 policies about a call, budgets included, and to redact a text.
// Usage: policy_rules. Budget: 200 ns a call for 50 policies without patterns.

#include <tallyfs/policy/budget.hpp>
#include <tallyfs/policy/rules.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <stdexcept>

namespace {

using namespace tallyfs;
using namespace tallyfs::policy;
using clock_type = std::chrono::steady_clock;

/// The least of several rounds: other programs on the machine only add to it.
template <class Work>
double nanoseconds_of(int times, Work&& work) {
    double least = std::numeric_limits<double>::max();
    for (int round = 0; round < 300; ++round) {
        const auto begin = clock_type::now();
        for (int i = 0; i < times; ++i) work();
        const std::chrono::duration<double, std::nano> taken = clock_type::now() - begin;
        least = std::min(least, taken.count() / times);
    }
    return least;
}

/// Rules as people write them; none matches, so that all are asked.
rule_set fifty_rules() {
    std::vector<named_text> texts;
    for (int i = 0; i < 50; ++i) {
        const auto number = std::to_string(i);
        std::string text;
        if (i % 5 == 0) text = "deny principal=uid:20" + number + " model=*-cloud";
        if (i % 5 == 1) text = "ask service=agent-" + number + " cloud=yes";
        if (i % 5 == 2) text = "allow model=llama" + number + ":* time=08:00-18:00 days=mon-fri";
        if (i % 5 == 3) text = "ask prompt_bytes>" + number + "00000 principal=unit:*";
        if (i % 5 == 4) text = "deny endpoint=/api/push principal=uid:1" + number;
        texts.push_back({"rule" + number, text});
    }
    auto built = rule_set::build(texts, nullptr);
    if (!built) throw std::runtime_error(built.error().message());
    return std::move(*built);
}

double redacted_megabytes_a_second(std::string_view sentence) {
    std::string text;
    while (text.size() < 1 << 17) text += sentence;
    const pattern_set patterns;
    std::size_t kept = 0;
    const double taken = nanoseconds_of(1, [&] { kept += patterns.redact(text).size(); });
    return kept == 0 ? 0 : static_cast<double>(text.size()) / taken * 1e9 / (1 << 20);
}

}  // namespace

int main() {
    const auto rules = fifty_rules();
    request_facts facts;
    facts.principal = "unit:user@1001.service/n8n.service";
    facts.service = "agent-brain";
    facts.model = "qwen3-coder:30b-a3b-q4_K_M";
    facts.endpoint = "/api/chat";
    facts.prompt_bytes = 4000;
    int allowed = 0;
    const auto ask = [&] { allowed += rules.evaluate(facts).action == verb::allow ? 1 : 0; };
    std::printf("50 policies, none matches: %.0f ns a call\n", nanoseconds_of(2000, ask));

    std::vector<budget> budgets;
    for (int i = 0; i < 10; ++i) {
        const auto line = "principal=uid:" + std::to_string(1000 + i) + " calls_at_once=2";
        budgets.push_back(*parse_budget("b" + std::to_string(i), line));
    }
    auto book = *budget_book::build(std::move(budgets));
    const budget_facts who{facts.principal, facts.service, facts.model};
    const budget_moment now{.now = clock_type::now(), .today = *day::parse("2026-11-20")};
    std::printf("10 budgets, one matches: %.0f ns a call, to its end\n", nanoseconds_of(2000, [&] {
                    auto given = book.admit(who, now);
                    if (!given.refused) (void)book.finish(std::move(given.ticket), {100, {}}, now);
                }));
    std::printf("redaction of prose: %.0f MB/s\n",
                redacted_megabytes_a_second("The quick brown fox jumps over 13 lazy dogs. "));
    std::printf(
        "redaction of much to redact: %.0f MB/s\n",
        redacted_megabytes_a_second("Write to bob@example.com about 4111 1111 1111 1111. "));
    return allowed > 0 ? 0 : 1;
}
