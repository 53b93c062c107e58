// People, chains and a book to try rules on, and the steps that every test of them takes.
// Names: ann asks, bea is her manager, carl and dora hold "database", eve holds "security".
#pragma once

#include "support/catch.hpp"

#include <tallyfs/approval/book.hpp>
#include <tallyfs/approval/views.hpp>

namespace tallyfs::approval::test {

inline constexpr wall_time start_time{std::chrono::hours(24 * 20'000)};

inline person human(std::string name, std::uint32_t uid, std::string manager = {},
                    std::vector<std::string> roles = {}) {
    person p;
    p.name = std::move(name);
    p.uid = uid;
    p.manager = std::move(manager);
    p.roles = std::move(roles);
    return p;
}

inline std::vector<person> company() {
    return {human("ann", 1001, "bea"),
            human("bea", 1002, "gus", {"owner"}),
            human("carl", 1003, "fay", {"database"}),
            human("dora", 1004, "fay", {"database"}),
            human("eve", 1005, "gus", {"security"}),
            human("fay", 1006, "gus"),
            human("gus", 1007),
            human("hal", 1008, "bea")};
}

inline chain one_step() {
    return {};
}
inline chain three_steps() {
    chain c;
    c.steps = {{"manager", {}, false}, {"database", {}, false}, {"security", {}, false}};
    return c;
}

/// A book that keeps its events, as the journal would.
class world {
  public:
    explicit world(chain steps = one_step(), std::vector<person> list = company())
        : rule(std::move(steps)), who(std::move(list)) {}

    [[nodiscard]] context at() const { return {who, now}; }
    [[nodiscard]] identity by(const std::string& name, known_by how = known_by::uid) const {
        const person* const p = who.by_name(name);
        return {name, p == nullptr ? std::nullopt : p->uid, how};
    }
    static identity stranger(std::uint32_t uid) { return {{}, uid, known_by::uid}; }

    void keep(const events& made) {
        for (const auto& e : made) {
            REQUIRE(requests.apply(e));
            journal.push_back(e);
        }
    }
    /// The reason of a refusal; nullopt where the events were taken in.
    std::optional<approval_errc> take(const outcome<events>& answer) {
        if (!answer) {
            sentence = answer.error().sentence;
            return static_cast<approval_errc>(answer.error().code.value());
        }
        keep(*answer);
        return std::nullopt;
    }
    std::uint32_t open(const identity& requester, draft asked = cloud_model()) {
        const auto opened = requests.open(std::move(asked), requester, rule, at());
        INFO((opened ? std::string() : opened.error().sentence));
        REQUIRE(opened);
        keep(opened->events);
        return opened->number;
    }
    std::uint32_t open(const std::string& requester) { return open(by(requester)); }
    std::optional<approval_errc> decide(std::uint32_t number, std::uint32_t step,
                                        const std::string& text, const std::string& name,
                                        known_by how = known_by::uid) {
        return take(requests.decide(number, step, text, by(name, how), at()));
    }
    void approve(std::uint32_t number, std::uint32_t step, const std::string& name) {
        INFO(step << " " << name);
        REQUIRE(decide(number, step, "approve", name) == std::nullopt);
    }
    void approve_all_three(std::uint32_t number) {
        approve(number, 1, "bea");
        approve(number, 2, "carl");
        approve(number, 3, "eve");
    }
    std::optional<approval_errc> object(std::uint32_t number, const std::string& text,
                                        const std::string& name) {
        return take(requests.object(number, text, by(name), at()));
    }
    std::optional<approval_errc> command(std::uint32_t number, const std::string& text,
                                         const std::string& name) {
        return take(requests.command(number, text, by(name), at()));
    }
    std::optional<approval_errc> start(std::uint32_t number) {
        return take(requests.start(number, now));
    }
    due tick() {
        auto found = requests.tick(now);
        keep(found.events);
        return found;
    }
    [[nodiscard]] const entry& at_number(std::uint32_t number) const {
        const entry* const e = requests.find(number);
        REQUIRE(e != nullptr);
        return *e;
    }
    [[nodiscard]] approval::state state_of(std::uint32_t number) const {
        return at_number(number).state;
    }
    static draft cloud_model() {
        draft asked;
        asked.kind = "cloud-model";
        asked.reason = "the local one is too slow";
        asked.parameters = {{"model", "qwen3-coder:480b-cloud"}, {"principal", "unit:n8n"}};
        asked.evidence = "3 refused calls today\n";
        asked.plan = "allow qwen3-coder:480b-cloud for unit:n8n\n";
        return asked;
    }

    chain rule;
    people who;
    wall_time now = start_time;
    book requests;
    events journal;
    std::string sentence;  ///< of the last refusal
};

}  // namespace tallyfs::approval::test
