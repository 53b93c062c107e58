#include "postgres/shown_board.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <algorithm>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace std::chrono_literals;
using test::shown_server;

namespace {

using names = std::vector<std::string>;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what is written to snapshot is judged by who takes one, and it says when the last was") {
    std::vector<std::string> asked;
    test::shown_board w([&](directory_parts& parts) {
        parts.snapshot_now = [&](const tree::user&, const std::string& path, std::string_view text,
                                 const tree::answer& answer) {
            asked.push_back(path + " " + std::string(text));
            answer(text == "now\n" ? error_code()
                                   : error_code(EINVAL, boost::system::generic_category()));
        };
        parts.others_may_write = [] { return true; };
    });
    w.shown.publish(shown_server());
    CHECK(w.read("prod/orders-cl/app/snapshot") ==
          "last 2026-11-20T13:30:02.000000Z, next 2026-11-20T14:00:02.000000Z; "
          "echo now > snapshot\n");
    CHECK(w.read("prod/orders-cl/crm/snapshot") == "none so far; echo now > snapshot\n");
    const auto node = w.find("prod/orders-cl/app/snapshot").value();
    CHECK(node.access.mode == 0666);
    const auto write = [&](std::string text) {
        error_code answered = error_code(EIO, boost::system::generic_category());
        std::get<tree::text_file>(node.content)
            .write({}, std::move(text), [&](const error_code& e) { answered = e; });
        return answered.value();
    };
    CHECK(write("now\n") == 0);
    CHECK(write("later\n") == EINVAL);
    CHECK(asked == names{"prod/orders-cl/app now\n", "prod/orders-cl/app later\n"});
}

TEST_CASE("what others supply is there when they do") {
    test::shown_board w([](directory_parts& parts) {
        parts.ruled_out = [](const shown_database& of) {
            return "nothing of " + of.database->what.database;
        };
        const auto text = [](const shown_database& of) {
            return supplied_text{7, [name = of.database->what.database] { return name + "\n"; }};
        };
        parts.diagnosis = parts.drift = parts.migrations = text;
        parts.diagnosis_at = [](const shown_database&,
                                std::string_view minute) -> std::optional<std::string> {
            if (minute != "2026-11-20T13:28") return std::nullopt;
            return "then\n";
        };
        parts.history = [](const health::cluster_id&, const std::string&) {
            return std::make_shared<tree::fixed_directory>();
        };
        parts.problems = [] { return names{"registry.csv line 7: no such environment"}; };
    });
    w.shown.publish(shown_server());
    CHECK(w.read("prod/orders-cl/app/drift.diff") == "app\n");
    CHECK(w.read("prod/orders-cl/crm/migrations.csv") == "crm\n");
    CHECK(w.read("prod/orders-cl/app/diagnosis.md") == "app\n");
    CHECK(w.read("prod/orders-cl/app/diagnosis/2026-11-20T13:28.md") == "then\n");
    CHECK_FALSE(w.find("prod/orders-cl/app/diagnosis/yesterday.md"));
    CHECK(w.names("prod/orders-cl/app/diagnosis").empty());
    CHECK(w.names("prod/orders-cl/app/history").empty());
    CHECK(has(w.read("prod/orders-cl/app/status.txt"), "RULED OUT    nothing of app\n"));
    CHECK(has(w.read("status.txt"), "registry.csv line 7: no such environment\n"));
}

TEST_CASE("a registration is a file in new/, read back for the answer") {
    std::string written;
    test::shown_board w([&](directory_parts& parts) {
        parts.registering = tree::inbox_directory::parts{
            [&](std::uint32_t uid, std::string_view name) -> std::optional<std::string> {
                if (uid != 1000 || name != "app" || written.empty()) return std::nullopt;
                return "reachable\n";
            },
            [&](const tree::user&, std::string name, std::string text, tree::answer answer) {
                written = name + ": " + text;
                answer({});
            },
            [] { return test::looked_at; }};
    });
    CHECK(w.names("new").empty());
    const auto made = w.directory("new")->create("app", {1000, {}}).value();
    CHECK(made.access.owner == 1000u);
    std::get<tree::text_file>(made.content).write({1000, {}}, "env=prod", [](const error_code&) {});
    CHECK(written == "app: env=prod");
    const auto personal = std::get<tree::personal>(w.find("new/app").value().content);
    const auto shown = personal.of({1000, {}}).value();
    CHECK(std::get<tree::text_file>(shown.content).render() == "reachable\n");
    CHECK_FALSE(personal.of({1001, {}}));
}

TEST_CASE("the events of findings are the days of their stream") {
    test::temporary_directory directory;
    test::manual_clock clock{*parse_rfc3339("2026-11-20T14:00:00Z")};
    zone::use("UTC");
    journal::stream events(directory.path() / "health", clock);
    test::shown_board w([&](directory_parts& parts) { parts.events = &events; });
    CHECK(w.names("day") == names{"2026-11-20.jsonl"});
    CHECK(std::get<tree::link>(w.find("today.jsonl").value().content).target ==
          "day/2026-11-20.jsonl");
}
