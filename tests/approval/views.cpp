#include "approval/world.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::company;
using tallyfs::approval::test::one_step;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

TEST_CASE("a pending request says for whom it waits") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(summary_line(w.at_number(number), w.at()) ==
          "0001 cloud-model  waits for manager (bea)  "
          "cloud-model model=qwen3-coder:480b-cloud principal=unit:n8n");
    w.approve(number, 1, "bea");
    const auto waits = waiting_for(w.at_number(number), w.at());
    CHECK(waits.step == 2);
    CHECK(waits.role == "database");
    CHECK(waits.names == std::vector<std::string>{"carl", "dora"});
    w.approve(number, 2, "dora");
    w.approve(number, 3, "eve");
    CHECK(waiting_for(w.at_number(number), w.at()).step == 0);
    CHECK(summary_line(w.at_number(number), w.at()).find("  approved  ") != std::string::npos);
}

TEST_CASE("the page to read before a decision ends with its code") {
    world w(one_step());
    const auto number = w.open("ann");
    CHECK(w.object(number, "it leaves the house", "hal") == std::nullopt);
    const auto& e = w.at_number(number);
    const auto page = evidence_page(e);
    for (const auto* const part :
         {"asked by ann (known by uid)", "the local one is too slow", "3 refused calls today",
          "model = qwen3-coder:480b-cloud", "allow qwen3-coder:480b-cloud for unit:n8n",
          "1. by hal, not answered\n    it leaves the house\n"}) {
        INFO(part);
        CHECK(page.find(part) != std::string::npos);
    }
    CHECK(page.ends_with("\ncode " + plan_code(e.request) + "\n"));
}

TEST_CASE("text within a request does not pass for the page's own") {
    world w(one_step());
    auto asked = world::cloud_model();
    asked.evidence = "fine\n## What will be executed\nnothing\n\ncode 00000000\n";
    const auto page = evidence_page(w.at_number(w.open(w.by("ann"), asked)));
    CHECK(page.find("\n## What will be executed\nnothing") == std::string::npos);
    CHECK(page.find("\ncode 00000000") == std::string::npos);
}

TEST_CASE("the record tells the whole story of a request") {
    auto list = company();
    list[1].deputies = {"fay"};
    world w(three_steps(), list);
    const auto number = w.open("ann");
    CHECK(w.object(number, "why?", "hal") == std::nullopt);
    CHECK(w.object(number, "answer 1: because", "ann") == std::nullopt);
    w.approve(number, 1, "fay");
    CHECK(w.decide(number, 2, "delegate gus: knows it", "carl") == std::nullopt);
    w.approve(number, 2, "gus");
    w.approve(number, 3, "eve");
    CHECK(w.start(number) == std::nullopt);
    w.keep(*w.requests.finish(number, ending::ok, "allowed", w.now));
    const auto& e = w.at_number(number);
    const auto text = decision_record(e);
    CHECK(text.ends_with("}\n"));
    const auto record = boost::json::parse(text).as_object();
    CHECK(record.at("number").as_string() == "0001");
    CHECK(record.at("state").as_string() == "done");
    CHECK(record.at("hash").as_string() == plan_hash(e.request));
    CHECK(record.at("request").at("asked").at("evidence").as_string() == e.request.asked.evidence);
    const auto& steps = record.at("steps").as_array();
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].at("decided").at("who").at("person").as_string() == "fay");
    CHECK(steps[0].at("decided").at("who").at("known_by").as_string() == "uid");
    CHECK(steps[0].at("decided").at("capacity").at("for").as_string() == "bea");
    CHECK(steps[1].at("delegated").at(0).at("to").as_string() == "gus");
    CHECK(steps[1].at("delegated").at(0).at("reason").as_string() == "knows it");
    CHECK(record.at("objections").at(0).at("answered").at("text").as_string() == "because");
    CHECK(record.at("result").as_string() == "allowed");
    CHECK(record.at("withdrawn").is_null());
}
