#include "approval/world.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::company;
using tallyfs::approval::test::human;
using tallyfs::approval::test::start_time;
using tallyfs::approval::test::world;

namespace {

constexpr unsigned seeds = 20;
constexpr int commands = 5000;

/// Everyone holds something and stands for somebody, so that the rules are all that holds them.
std::vector<person> tangled_company() {
    auto list = company();
    const std::vector<std::string> roles{"owner", "database", "security"};
    for (std::size_t i = 0; i < list.size(); ++i) {
        list[i].roles = {roles[i % 3], roles[(i + 1) % 3]};
        list[i].deputies = {list[(i + 3) % list.size()].name};
        list[i].delegations = {{list[(i + 5) % list.size()].name,
                                start_time + std::chrono::hours(i),
                                start_time + std::chrono::hours(40 * i + 40), "away"}};
    }
    list.push_back(human("ivo", 1009));
    return list;
}

std::vector<chain> rules() {
    chain single;
    chain pair;
    pair.kind = "pair";
    pair.steps = {{"manager", {}, false}, {"security", {}, true}};
    pair.escalate_seconds = std::chrono::hours(2);
    chain triple;
    triple.kind = "triple";
    triple.steps = {{"manager", {}, false}, {"database", {}, false}, {"owner", {}, false}};
    triple.grace_seconds = std::chrono::hours(1);
    triple.escalate_seconds = std::chrono::hours(1);
    return {single, pair, triple};
}

/// Throws commands of anybody at a book and keeps what it answers.
class player {
  public:
    explicit player(unsigned seed) : random_(seed) {}

    void play() {
        for (int i = 0; i < commands; ++i) {
            one_command();
            if (pick(4) == 0) w_.now += std::chrono::minutes(pick(120));
        }
    }
    [[nodiscard]] const world& result() const { return w_; }

  private:
    std::uint32_t pick(std::uint32_t below) {
        return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random_);
    }
    identity anybody() {
        const auto& list = w_.who.list();
        const auto index = pick(static_cast<std::uint32_t>(list.size()) + 1);
        if (index == list.size()) return world::stranger(pick(3));
        return {list[index].name, list[index].uid, static_cast<known_by>(pick(6))};
    }
    std::uint32_t some_request() {
        const auto& all = w_.requests.entries();
        if (all.empty() || pick(50) == 0) return pick(5) + 10'000;
        // Mostly one of the newest: the others are finished.
        const auto back = pick(std::min<std::uint32_t>(8, static_cast<std::uint32_t>(all.size())));
        return std::prev(all.end(), static_cast<int>(back) + 1)->first;
    }
    std::string a_decision(std::uint32_t number) {
        const entry* const e = w_.requests.find(number);
        const auto& list = w_.who.list();
        const auto& name = list[pick(static_cast<std::uint32_t>(list.size()))].name;
        switch (pick(8)) {
            case 0:
                return "reject: no";
            case 1:
                return "delegate " + name + ": knows it";
            case 2:
            case 3:
                return "approve";
            case 4:
                return "approve 12345678";
            default:
                return e == nullptr ? "approve" : "approve " + plan_code(e->request);
        }
    }
    void ask() {
        draft asked = world::cloud_model();
        asked.kind = std::vector<std::string>{"single", "pair", "triple"}[pick(3)];
        asked.parameters["n"] = std::to_string(pick(3));
        if (pick(2) == 0) asked.undo = "take it back";
        const auto opened =
            w_.requests.open(asked, anybody(), rules_.find(asked.kind, ""), w_.at());
        if (opened) w_.keep(opened->events);
    }
    void take_back(std::uint32_t number) {
        const auto opened =
            w_.requests.undo(number, "over", anybody(), rules_.find("pair", ""), w_.at());
        if (opened) w_.keep(opened->events);
    }
    void execute(std::uint32_t number) {
        switch (pick(5)) {
            case 0:
                (void)w_.take(
                    w_.requests.finish(number, static_cast<ending>(pick(2)), "r", w_.now));
                break;
            case 1:
                (void)w_.take(w_.requests.lose(number, "no answer", w_.now));
                break;
            case 2:
                (void)w_.take(w_.requests.probed(number, static_cast<probe>(pick(3)), w_.now));
                break;
            default:
                (void)w_.start(number);
                break;
        }
    }
    void one_command() {
        const auto number = some_request();
        switch (pick(20)) {
            case 0:
                return ask();
            case 1:
                return take_back(number);
            case 2:
                (void)w_.tick();
                return;
            case 3:
            case 4:
                return execute(number);
            case 5:
                (void)w_.take(w_.requests.object(
                    number, pick(2) == 0 ? "no" : "answer " + std::to_string(pick(4)) + ": x",
                    anybody(), w_.at()));
                return;
            case 6: {
                const std::vector<std::string> said{"withdraw", "done: x", "retry: x", "dnoe"};
                (void)w_.take(w_.requests.command(number, said[pick(4)], anybody(), w_.at()));
                return;
            }
            case 7:
                if (pick(4) == 0) {
                    (void)w_.take(w_.requests.revise(number, std::to_string(pick(3)), "p",
                                                     anybody(), w_.at()));
                }
                return;
            default:
                (void)w_.take(
                    w_.requests.decide(number, pick(4), a_decision(number), anybody(), w_.at()));
                return;
        }
    }

    std::mt19937 random_;
    chains rules_{rules()};
    world w_{{}, tangled_company()};
};

/// Everybody who had part in the decisions that count.
void check_people(const entry& e) {
    std::multiset<std::string> used;
    for (const auto& s : e.steps) {
        if (!s.decided) continue;
        std::set<std::string> of_step{s.decided->who.person};
        const auto& c = s.decided->capacity;
        if (!c.for_whom.empty()) of_step.insert(c.for_whom);
        if (c.way == way::handed && !c.through.empty()) of_step.insert(c.through);
        used.insert(of_step.begin(), of_step.end());
        CHECK(s.decided->hash == plan_hash(e.request));
        CHECK(s.decided->who.how != known_by::daemon);
        CHECK(s.decided->who.how != known_by::policy);
    }
    for (const auto& name : used) CHECK(used.count(name) == 1);
    if (e.steps.size() > 1) CHECK(used.count(e.request.requester.person) == 0);
}

/// An independent reading of the journal: what may be started, and how often.
void check_executions(const events& journal) {
    struct ledger_of_one {
        std::size_t approvals = 0, steps = 0;
        bool rejected = false, started = false, done = false;
    };
    std::map<std::uint32_t, ledger_of_one> all;
    for (const auto& e : journal) {
        auto& one = all[number_of(e)];
        if (const auto* const x = std::get_if<request_opened>(&e)) {
            one.steps = x->request.chain.steps.size();
        } else if (const auto* const d = std::get_if<step_decided>(&e)) {
            (d->verdict == verdict::approve ? one.approvals : one.steps) += 1;
            one.rejected = one.rejected || d->verdict == verdict::reject;
        } else if (std::holds_alternative<request_revised>(e)) {
            one.approvals = 0;
        } else if (std::holds_alternative<execution_started>(e)) {
            CHECK(one.approvals == one.steps);
            CHECK((!one.rejected && !one.started && !one.done));
            one.started = true;
        } else if (std::holds_alternative<execution_absent>(e)) {
            one.started = false;
        } else if (std::holds_alternative<execution_finished>(e)) {
            one.done = true;
        } else if (const auto* const s = std::get_if<outcome_settled>(&e)) {
            one.started = false;
            one.done = s->settlement == settlement::done;
        }
    }
}

}  // namespace

TEST_CASE("whatever is thrown at the book, its rules hold and every prefix replays") {
    std::map<std::string, std::size_t> seen;
    for (unsigned seed = 1; seed <= seeds; ++seed) {
        INFO("seed " << seed);
        player p(seed);
        p.play();
        const auto& w = p.result();
        book replayed;
        for (const auto& e : w.journal) {
            const auto text = event_text(e);
            INFO(text);
            REQUIRE(text.size() <= event_bytes_max);
            const auto again = parse_event(text);
            REQUIRE(again);
            REQUIRE(*again == e);
            REQUIRE(replayed.apply(*again));
            check_people(*replayed.find(number_of(e)));
            ++seen[std::string(name_of(e))];
        }
        CHECK(replayed == w.requests);
        check_executions(w.journal);
    }
    for (const auto& [name, count] : seen) {
        INFO(name << " " << count);
        CHECK(count > 0);
    }
    CHECK(seen.size() == std::variant_size_v<event>);
}

TEST_CASE("a book that is replayed to any prefix equals the one that lived through it") {
    player p(99);
    p.play();
    const auto& journal = p.result().journal;
    book lived;
    for (std::size_t length = 0; length < journal.size(); length += 7) {
        book replayed;
        for (std::size_t i = 0; i < length; ++i) {
            REQUIRE(replayed.apply(*parse_event(event_text(journal[i]))));
        }
        for (std::size_t i = length < 7 ? 0 : length - 7; i < length; ++i) {
            REQUIRE(lived.apply(journal[i]));
        }
        REQUIRE(replayed == lived);
    }
}

TEST_CASE("a damaged text is refused, or read as something that is written the same") {
    player p(7);
    p.play();
    std::mt19937 random(7);
    std::size_t refused = 0;
    for (const auto& e : p.result().journal) {
        auto text = event_text(e);
        for (auto changes = random() % 3 + 1; changes > 0; --changes) {
            const auto at = random() % text.size();
            const auto what = random() % 3;
            if (what == 0) text.erase(at, random() % 9);
            if (what == 1) text[at] = static_cast<char>(random() % 256);
            if (what == 2) text.insert(at, text.substr(random() % text.size(), random() % 9));
            if (text.empty()) text = " ";
        }
        const auto read = parse_event(text);
        if (!read) ++refused;
        if (read) CHECK(event_text(*parse_event(event_text(*read))) == event_text(*read));
        const auto asked = parse_draft(text);
        if (asked) CHECK(checked(*asked).value() == *asked);
    }
    CHECK(refused > 0);
}
