// Days of the audit go when they are old enough, and what is left proves itself: killed before any
// step, with anything failing, and whoever takes the setting back.
#include "ledger/audit_fixture.hpp"

#include <tallyfs/retention/audit_days.hpp>

namespace {

using namespace tallyfs;
using namespace std::chrono_literals;
using journal::chain_head;

constexpr const char* first_day = "2026-11-20";

struct step_disk final : journal::file_operations {
    struct killed {};
    int steps = 0;
    int fatal_step = -1;    ///< killed before it
    int failing_step = -1;  ///< it fails
    int unlinks = 0;
    int stuck_from = -1;  ///< this unlink fails, and all that follow do

    bool step() {
        const int now = steps++;
        if (now == fatal_step) throw killed{};
        errno = EIO;
        return now != failing_step;
    }
    int unlink(const char* path) override {
        const bool stuck = stuck_from >= 0 && unlinks++ >= stuck_from;
        return step() && !stuck ? file_operations::unlink(path) : -1;
    }
};

/// Six days from 2026-11-20 on, the second one in two parts; then one run of a daemon after the
/// other.
struct kept_audit : test::audit_state {
    kept_audit() {
        for (int day = 0; day < 6; ++day) {
            if (day > 0) clock.advance(24h);
            grow(300);
            if (day != 1) continue;
            // What a failed sync leaves.
            links.reset();
            lines.reset();
            std::ofstream(directory() / "2026-11-21.2.jsonl");
            open();
            grow(50);
        }
        REQUIRE(index->flush());
        restart();
    }
    void restart() {
        days.reset();
        index.reset();
        links.reset();
        lines = std::make_unique<journal::stream>(directory(), clock, &operations);
        found = journal::verify_chain(directory(), {}, nullptr, bases());
        links = std::make_unique<journal::chain>(*lines, home.path() / "audit.head", nullptr,
                                                 journal::chain_past{bases(), true});
        open_index();
        CHECK(index->was_reset().empty());
        CHECK(index->reconcile(lines->segments()).value().empty());
        catch_up(100'000);
        days.emplace(*lines, *index);
        days->connect({[this](const std::string& event, const std::string& subject,
                              const std::string& detail) {
                           if (!operations.step() || !records) return false;
                           record::action action;
                           action.event = event;
                           action.subject = subject;
                           action.detail = detail;
                           actions.push_back(action);
                           return true;
                       },
                       [this] { ++changes; }});
        keep(setting);
    }
    void keep(int for_days) {
        setting = for_days;
        const auto text = std::to_string(for_days);
        const auto definition = days->definitions().front();
        REQUIRE(definition.judge(text).reason.empty());
        definition.apply("", &text);
    }
    [[nodiscard]] std::vector<chain_head> bases() const {
        std::vector<chain_head> told;
        for (const auto& action : actions) {
            if (auto base = journal::base_of(action)) told.push_back(std::move(*base));
        }
        return told;
    }
    [[nodiscard]] std::vector<std::string> segments() const {
        std::vector<std::string> names;
        for (const auto& segment : lines->segments()) names.push_back(segment.id.file_name());
        return names;
    }
    [[nodiscard]] journal::chain_report verify() const {
        return journal::verify_chain(directory(), {links->head()}, nullptr, bases());
    }

    step_disk operations;
    std::optional<retention::audit_days> days;
    std::vector<record::action> actions;
    journal::chain_report found;
    bool records = true;
    int setting = 0;
    int changes = 0;
};

const std::vector<std::string> last_three{"2026-11-23.jsonl", "2026-11-24.jsonl",
                                          "2026-11-25.jsonl"};

TEST_CASE("by default the audit is kept for ever") {
    kept_audit audit;
    audit.clock.advance(24h * 4000);
    audit.lines->turn_day();
    audit.days->look(audit.clock.wall());
    CHECK(audit.segments().front() == std::string(first_day) + ".jsonl");
    CHECK(audit.actions.empty());
    CHECK(audit.days->problem().empty());
}

TEST_CASE("days that are older than the setting go, and the chain of the others holds") {
    kept_audit audit;
    audit.keep(2);
    audit.days->look(audit.clock.wall());
    CHECK(audit.days->problem().empty());
    CHECK(audit.segments() == last_three);
    CHECK(audit.changes == 3);
    REQUIRE(audit.actions.size() == 3);
    CHECK(audit.actions[1].event == "audit.deleted");
    CHECK(audit.actions[1].subject == "2026-11-21");
    CHECK(audit.actions[1].detail.starts_with(R"({"day":"2026-11-21","lines":350,"base":"650:)"));
    CHECK(audit.verify().intact());
    CHECK(audit.verify().deleted_lines == 950);
    CHECK(audit.index->oldest_day() == day::parse("2026-11-23"));
    CHECK(audit.index->count().lines == 900);
    audit.check_searches(20);
    audit.restart();
    CHECK(audit.links->found().intact());
    audit.grow(10);
    audit.days->look(audit.clock.wall());
    CHECK(audit.actions.size() == 3);
    CHECK(audit.verify().intact());
}

TEST_CASE("today and yesterday stay, whatever the setting, the clock and the journal say") {
    kept_audit audit;
    audit.keep(1);
    SECTION("the smallest setting") {
        audit.days->look(audit.clock.wall());
    }
    SECTION("a clock that is years ahead of the newest segment") {
        audit.days->look(audit.clock.wall() + 24h * 4000);
    }
    CHECK(audit.segments() == std::vector<std::string>{"2026-11-24.jsonl", "2026-11-25.jsonl"});
}

TEST_CASE("a clock that was set back deletes nothing") {
    kept_audit audit;
    audit.keep(1);
    audit.days->look(audit.clock.wall() - 24h * 30);
    CHECK(audit.actions.empty());
    CHECK(audit.segments().size() == 7);
}

TEST_CASE("values that the setting does not take") {
    kept_audit audit;
    const auto definition = audit.days->definitions().front();
    CHECK(definition.name == "audit/retention_days");
    CHECK(definition.default_value == "0");
    for (const char* text : {"", "-1", "36501", "1.5", "ten", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(definition.judge(text).reason.empty());
    }
    CHECK(definition.judge("36500").reason.empty());
    CHECK(definition.judge("0").reason.empty());
}

TEST_CASE("what cannot be recorded is not deleted") {
    kept_audit audit;
    audit.keep(2);
    audit.records = false;
    audit.days->look(audit.clock.wall());
    CHECK(audit.segments().size() == 7);
    CHECK(audit.index->count().lines == 1850);
    CHECK(audit.days->problem().find("cannot be recorded") != std::string::npos);
    audit.records = true;
    audit.days->look(audit.clock.wall());
    CHECK(audit.days->problem().empty());
    CHECK(audit.segments() == last_three);
}

TEST_CASE("a day in which the chain does not hold is kept as evidence") {
    kept_audit audit;
    audit.keep(2);
    {
        std::fstream text(audit.directory() / "2026-11-21.jsonl", std::ios::in | std::ios::out);
        text.seekp(5'000);
        text << "~~~";
    }
    audit.days->look(audit.clock.wall());
    CHECK(audit.actions.size() == 1);
    CHECK(audit.segments().front() == "2026-11-21.jsonl");
    CHECK(audit.days->problem().find("2026-11-21 is not deleted: its chain does not hold") !=
          std::string::npos);
}

TEST_CASE("killed before any step, or with that step failing, the next look finishes it") {
    const bool dies = GENERATE(true, false);
    const bool setting_stays = GENERATE(true, false);
    int step = 0;
    for (bool failed = true; failed; ++step) {
        INFO("step " << step << (dies ? ", killed" : ", failing"));
        kept_audit audit;
        audit.keep(2);
        audit.operations.steps = 0;
        (dies ? audit.operations.fatal_step : audit.operations.failing_step) = step;
        bool killed = false;
        try {
            audit.days->look(audit.clock.wall());
        } catch (const step_disk::killed&) {
            killed = true;
        }
        failed = killed || !audit.days->problem().empty();
        audit.operations.fatal_step = -1;
        audit.operations.failing_step = -1;
        if (!setting_stays) audit.setting = 0;
        audit.restart();
        // Also in between: what is gone was recorded before.
        CHECK(audit.found.intact());
        CHECK(audit.links->found().intact());
        const auto lines_found = audit.index->count().lines;
        audit.days->look(audit.clock.wall());
        CHECK(audit.days->problem().empty());
        CHECK(audit.verify().intact());
        if (setting_stays) CHECK(audit.segments() == last_three);
        // The setting taken back: of the days that are left every line is found.
        CHECK(audit.index->count().lines <= lines_found);
        CHECK(audit.index->count().lines + audit.verify().deleted_lines == 1850);
        audit.check_searches(2);
    }
    // Three days: a record each, and two files for each of four segments.
    CHECK(step == 3 + 2 * 4 + 1);
}

TEST_CASE("a deletion that fails again and again is recorded once, and tried until it succeeds") {
    kept_audit audit;
    audit.keep(2);
    // After the first record no file goes; or of the second day the first of its two parts does.
    const bool is_second = GENERATE(false, true);
    const std::size_t recorded = is_second ? 2 : 1;
    audit.operations.stuck_from = is_second ? 4 : 0;
    int unlinks = 0;
    for (int minute = 0; minute < 5; ++minute) {
        audit.days->look(audit.clock.wall());
        CHECK(audit.days->problem().find("is not deleted") != std::string::npos);
        CHECK(audit.operations.unlinks > unlinks);
        unlinks = audit.operations.unlinks;
        audit.clock.advance(1min);
    }
    REQUIRE(audit.actions.size() == recorded);
    CHECK(audit.segments().front() == (is_second ? "2026-11-21.2.jsonl" : "2026-11-20.jsonl"));
    audit.operations.stuck_from = -1;
    audit.days->look(audit.clock.wall());
    CHECK(audit.days->problem().empty());
    CHECK(audit.actions.size() == 3);
    CHECK(audit.segments() == last_three);
    CHECK(audit.verify().intact());
}

TEST_CASE("an index that was put back from before forgets what is gone") {
    kept_audit audit;
    audit.index.reset();
    const auto copy = audit.home.path() / "copy.sqlite";
    std::filesystem::copy_file(audit.file(), copy);
    audit.restart();
    audit.keep(2);
    audit.days->look(audit.clock.wall());
    audit.days.reset();
    audit.index.reset();
    std::filesystem::remove(audit.file().string() + "-wal");
    std::filesystem::copy_file(copy, audit.file(),
                               std::filesystem::copy_options::overwrite_existing);
    audit.restart();
    CHECK(audit.index->count().lines == 1850);
    audit.days->look(audit.clock.wall());
    CHECK(audit.index->count().lines == 900);
    audit.check_searches(10);
}

}  // namespace
