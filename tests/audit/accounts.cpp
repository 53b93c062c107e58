#include "support/catch.hpp"

#include <tallyfs/audit/accounts.hpp>

using namespace tallyfs;
using namespace tallyfs::audit;

TEST_CASE("exact names come before patterns, and people before programs") {
    const accounts who({"anna", "app_admin", "h_*"}, {"app_*", "anna", "h_robot", "*_svc"});
    CHECK(who.of("anna") == account::person);
    CHECK(who.of("app_admin") == account::person);
    CHECK(who.of("app_api") == account::service);
    CHECK(who.of("h_bea") == account::person);
    CHECK(who.of("h_robot") == account::service);
    CHECK(who.of("h_x_svc") == account::person);
    CHECK(who.of("x_svc") == account::service);
    for (const auto* name : {"", "Anna", "annab", "xapp_", "*", "app"}) {
        CAPTURE(name);
        CHECK(who.of(name) == account::unknown);
    }
    CHECK(accounts().of("anna") == account::unknown);
    CHECK(who.people().size() == 3);
    CHECK(to_string(account::unknown) == "unknown");
}

TEST_CASE("a pattern's stars are any text, and nothing else is special") {
    const accounts who({"a*b*c", "x?y", "p.*"}, {});
    for (const auto* name : {"abc", "aXbYc", "abbbcc", "x?y", "p."}) {
        CAPTURE(name);
        CHECK(who.of(name) == account::person);
    }
    for (const auto* name : {"ab", "abcd", "xzy", "px"}) {
        CAPTURE(name);
        CHECK(who.of(name) == account::unknown);
    }
}

TEST_CASE("a hostile name is compared in time that grows with it and no faster") {
    const accounts who({"a*a*a*a*a*a*a*a*b"}, {});
    CHECK(who.of(std::string(20'000, 'a')) == account::unknown);
}

TEST_CASE("lists of accounts that cannot be meant have a problem") {
    CHECK(problem_of_accounts({"jd", "app_*"}).empty());
    for (const auto& wrong : {std::vector<std::string>{""},
                              {"*"},
                              {"**"},
                              {"a\nb"},
                              {"\xff"},
                              {std::string(256, 'a')},
                              std::vector<std::string>(1'001, "a")}) {
        CHECK_FALSE(problem_of_accounts(wrong).empty());
    }
}
