#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/capture/shelf.hpp>

#include <sys/stat.h>

#include <fstream>

using namespace tallyfs;
using namespace tallyfs::capture;
using namespace tallyfs::test;

namespace {

uuid id_of(const char* time) {
    return uuid::make(*parse_rfc3339(time));
}

std::map<std::string, std::string> files(const std::string& service) {
    return {{"about.json", "{\"service\":\"" + service + "\"}\n"}, {"prompt.txt", "hi\n"}};
}

unsigned mode_of(const std::filesystem::path& path) {
    struct ::stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777u;
}

}  // namespace

TEST_CASE("captures stand by day and call, for their owner alone") {
    zone::use("UTC");
    const temporary_directory folder;
    shelf kept(folder.path() / "captures");
    const auto first = id_of("2026-11-20T10:00:00Z");
    const auto second = id_of("2026-11-21T10:00:00Z");
    CHECK(kept.days().empty());
    REQUIRE(kept.put(first, files("n8n")));
    REQUIRE(kept.put(second, files("agent")));
    REQUIRE(kept.days().size() == 2);
    CHECK(kept.ids(kept.days().front(), 10) == std::vector<uuid>{first});
    const auto path = *kept.find(second);
    CHECK(mode_of(path / "prompt.txt") == 0600);
    CHECK(mode_of(path) == 0700);
    CHECK(mode_of(path.parent_path()) == 0700);
    CHECK_FALSE(kept.put(second, files("agent")));  // an id is written once
    CHECK(std::filesystem::exists(path / "prompt.txt"));
}

TEST_CASE("captures are counted and deleted by day, call, service and time") {
    zone::use("UTC");
    const temporary_directory folder;
    shelf kept(folder.path() / "captures");
    const auto first = id_of("2026-11-20T10:00:00Z");
    const auto second = id_of("2026-11-21T10:00:00Z");
    const auto third = id_of("2026-11-21T11:00:00Z");
    REQUIRE(kept.put(first, files("n8n")));
    REQUIRE(kept.put(second, files("n8n")));
    REQUIRE(kept.put(third, files("agent")));
    selection of_service;
    of_service.service = "n8n";
    CHECK(kept.count(of_service).captures == 2);
    CHECK(kept.count(of_service).files == 4);
    of_service.until = parse_rfc3339("2026-11-20T12:00:00Z");
    CHECK(kept.remove(of_service).value() == 1);
    CHECK_FALSE(kept.find(first));
    CHECK(kept.days().size() == 1);
    selection one;
    one.id = third;
    CHECK(kept.remove(one).value() == 1);
    selection whole_day;
    whole_day.date = day::parse("2026-11-21");
    CHECK(kept.remove(whole_day).value() == 1);
    CHECK(kept.days().empty());
}

TEST_CASE("what a killed process left behind is shown to nobody and goes at the next start") {
    zone::use("UTC");
    const temporary_directory folder;
    shelf kept(folder.path() / "captures");
    REQUIRE(kept.put(id_of("2026-11-20T10:00:00Z"), files("n8n")));
    const auto half = folder.path() / "captures/2026-11-20" /
                      ("." + id_of("2026-11-20T11:00:00Z").to_string() + ".new");
    std::filesystem::create_directory(half);
    std::ofstream(half / "prompt.txt") << "half";
    CHECK(kept.ids(kept.days().front(), 10).size() == 1);
    kept.clear_leftovers();
    CHECK_FALSE(std::filesystem::exists(half));
    CHECK(kept.ids(kept.days().front(), 10).size() == 1);
}
