#include "approval/world.hpp"

using namespace tallyfs;
using namespace tallyfs::approval;
using tallyfs::approval::test::three_steps;
using tallyfs::approval::test::world;

TEST_CASE("an objection is answered before the last step, not before the others") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(w.take(w.requests.object(number, "it leaves the house\n", world::stranger(4711),
                                   w.at())) == std::nullopt);
    CHECK(w.at_number(number).objections[0].raised.who.person == "uid:4711");
    w.approve(number, 1, "bea");
    w.approve(number, 2, "carl");
    CHECK(w.decide(number, 3, "approve", "eve") == approval_errc::objections_open);
    CHECK(w.object(number, "answer 1: only names of models", "ann") == std::nullopt);
    CHECK(w.at_number(number).objections[0].answered->text == "only names of models");
    w.approve(number, 3, "eve");
}

TEST_CASE("an open objection does not stop a rejection") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(w.object(number, "no", "hal") == std::nullopt);
    w.approve(number, 1, "bea");
    w.approve(number, 2, "carl");
    CHECK(w.decide(number, 3, "reject: right so", "eve") == std::nullopt);
}

TEST_CASE("an objection is answered by requester, objector or one who decides, once") {
    world w(three_steps());
    const auto number = w.open("ann");
    for (int i = 0; i < 4; ++i) CHECK(w.object(number, "no", "hal") == std::nullopt);
    CHECK(w.object(number, "answer 1: never mind", "fay") == approval_errc::not_allowed);
    CHECK(w.take(w.requests.object(number, "answer 1: x", world::stranger(0), w.at())) ==
          approval_errc::not_allowed);
    CHECK(w.object(number, "answer 1:", "ann") == approval_errc::bad_command);
    CHECK(w.object(number, "answer 0: x", "ann") == approval_errc::unknown_number);
    CHECK(w.object(number, "answer 5: x", "ann") == approval_errc::unknown_number);
    CHECK(w.object(number, "answer one: x", "ann") == approval_errc::unknown_number);
    CHECK(w.object(number, "answer 1: x", "ann") == std::nullopt);
    CHECK(w.object(number, "answer 1: x", "ann") == approval_errc::already_decided);
    CHECK(w.object(number, "answer 2: solved", "hal") == std::nullopt);
    CHECK(w.object(number, "answer 3: x", "eve") == std::nullopt);
    w.approve(number, 1, "bea");
    CHECK(w.object(number, "answer 4: x", "bea") == std::nullopt);
}

TEST_CASE("objections are bounded, of one person and of all") {
    world w(three_steps());
    const auto number = w.open("ann");
    for (std::size_t i = 0; i < objections_each_max; ++i) {
        CHECK(w.object(number, "no", "hal") == std::nullopt);
    }
    CHECK(w.object(number, "no", "hal") == approval_errc::too_many);
    for (std::uint32_t i = 0; i < objections_max - objections_each_max; ++i) {
        CHECK(w.take(w.requests.object(number, "no", world::stranger(5000 + i), w.at())) ==
              std::nullopt);
    }
    CHECK(w.take(w.requests.object(number, "no", world::stranger(9000), w.at())) ==
          approval_errc::too_many);
    CHECK(w.at_number(number).objections.size() == objections_max);
}

TEST_CASE("an objection is text for people, neither empty nor endless nor invisible") {
    world w(three_steps());
    const auto number = w.open("ann");
    CHECK(w.object(number, " \n", "hal") == approval_errc::bad_command);
    CHECK(w.object(number, std::string(1001, 'x'), "hal") == approval_errc::too_large);
    CHECK(w.object(number, std::string(100'000, 'x'), "hal") == approval_errc::too_large);
    CHECK(w.object(number, "red \x1b[31m\xe2\x80\xae text", "hal") == std::nullopt);
    CHECK(w.at_number(number).objections[0].raised.text == "red \xef\xbf\xbd[31m\xef\xbf\xbd text");
}

TEST_CASE("what is approved is no longer objected to") {
    world w(three_steps());
    const auto number = w.open("ann");
    w.approve_all_three(number);
    CHECK(w.object(number, "no", "hal") == approval_errc::already_decided);
    CHECK(w.sentence.find("can still withdraw it") != std::string::npos);
}
