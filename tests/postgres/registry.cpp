#include "postgres/registry_office.hpp"

#include <algorithm>
#include <cerrno>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;

TEST_CASE("the configuration's databases and those of the file are merged by path") {
    const temporary_directory folder;
    const auto file = folder.path() / "registry.csv";
    put(file, columns + "prod,billing-cl,app,10.2.4.11,5432,monitor\n" +
                  "prod,orders-cl,audit,10.2.4.10,5432,monitor\n" +
                  "prod,orders-cl,app,10.2.4.10,5432,monitor\n");
    office o(folder.path(), {{monitor()}, {database("orders-cl", "app")}, file, {}});
    CHECK(o.paths() == names{"prod/billing-cl/app", "prod/orders-cl/app", "prod/orders-cl/audit"});
    CHECK(o.problems().empty());
    const auto all = o.registry.current();
    CHECK(all->databases[0].source == "registry.csv");
    CHECK(all->databases[1].source == "tallyfs.toml");
    CHECK(all->version == 1);
}

TEST_CASE("what contradicts an earlier source, or itself, is a problem and is not used") {
    const temporary_directory folder;
    const auto file = folder.path() / "registry.csv";
    put(file, columns + "prod,orders-cl,app,10.2.4.11,5432,monitor\n" +
                  "prod,orders-cl,audit,10.2.4.11,5432,monitor\n" +
                  "prod,orders-cl,other,10.2.4.10,6432,monitor\n" +
                  "prod,billing-cl,app,10.2.4.11,5432,monitor\n" +
                  "prod,billing-cl,app,10.2.4.11,5432,monitor\n" +
                  "prod,stray-cl,app,10.6.6.6,5432,monitor\n" +
                  "prod,lost-cl,app,10.2.4.10,5432,nobody\n");
    office o(folder.path(), {{monitor()}, {database("orders-cl", "app")}, file, {}});
    CHECK(o.paths() == names{"prod/billing-cl/app", "prod/orders-cl/app"});
    CHECK(o.registry.current()->databases[1].host == "10.2.4.10");
    CHECK(o.registry.current()->problems.size() == 6);
    says(o.problems(), "registry.csv: prod/orders-cl/app is not used: tallyfs.toml says something");
    says(o.problems(), "prod/orders-cl/audit is not used: prod/orders-cl is at 10.2.4.10:5432");
    says(o.problems(), "prod/orders-cl/other is not used: prod/orders-cl is at 10.2.4.10:5432");
    says(o.problems(), "prod/billing-cl/app is not used: it is there twice");
    says(o.problems(), "may not be used for 10.6.6.6:5432: add the host");
    says(o.problems(), "there is no credential \"nobody\"");
}

TEST_CASE("a file that changes is read again, and one that becomes wrong keeps what it said") {
    const temporary_directory folder;
    const auto file = folder.path() / "registry.csv";
    put(file, columns + "prod,a,one,10.2.4.10,5432,monitor\n");
    office o(folder.path(), {{monitor()}, {}, file, {}});
    REQUIRE(o.paths() == names{"prod/a/one"});
    const int before = o.changes;
    o.registry.look();
    CHECK(o.changes == before);

    put(file, columns + "prod,a,one,10.2.4.10,5432,monitor\nprod,a,two,10.2.4.10,5432,monitor\n");
    o.registry.look();
    CHECK(o.paths() == names{"prod/a/one", "prod/a/two"});
    CHECK(o.changes == before + 1);
    CHECK(o.registry.current()->version == 2);

    for (const std::string& wrong : {std::string(), std::string("env,cluster\n"),
                                     columns + "prod,a,one,10.2.4.10,5432,monitor\nprod,a,tw"}) {
        put(file, wrong);
        o.registry.look();
        CHECK(o.paths() == names{"prod/a/one", "prod/a/two"});
        says(o.problems(), "until it is right, what it said before holds");
    }
    std::filesystem::remove(file);
    o.registry.look();
    CHECK(o.paths() == names{"prod/a/one", "prod/a/two"});
    says(o.problems(), "registry.csv: cannot be read: No such file");

    put(file, columns + "prod,a,two,10.2.4.10,5432,monitor\n");
    o.registry.look();
    CHECK(o.paths() == names{"prod/a/two"});
    CHECK(o.problems().empty());
}

TEST_CASE("a file that was never right gives the rows that are") {
    const temporary_directory folder;
    const auto file = folder.path() / "registry.csv";
    put(file, columns + "prod,a,one,10.2.4.10,5432,monitor\nprd,a,two,10.2.4.10,5432,monitor\n");
    office o(folder.path(), {{monitor()}, {}, file, {}});
    CHECK(o.paths() == names{"prod/a/one"});
    CHECK(o.problems() ==
          "registry.csv: line 3: env is none of prod, uat, qa, dev; did you mean prod?\n");
}

TEST_CASE("only an operator registers, and a refusal is told and recorded nowhere") {
    const temporary_directory folder;
    office o(folder.path(), {{monitor()}, {database("orders-cl", "app")}, {}, {}});
    const auto head = o.actions.head();
    const std::string text = "env=prod cluster=a database=b host=10.2.4.10 credential=monitor";
    CHECK(o.write(text, carl) == EACCES);
    says(o.errors.of(carl).reason, "takes the role operator");
    CHECK(o.write("postgres://me:hunter2@10.2.4.10/app") == EINVAL);
    says(o.errors.of(anna).reason, "password_command");
    says(o.inbox(), "refused: databases/new: passwords are not written here");
    CHECK(o.inbox().find("hunter2") == std::string::npos);
    CHECK(o.write("env=prod cluster=a database=b host=10.6.6.6 credential=monitor") == EINVAL);
    says(o.inbox(), "may not be used for 10.6.6.6:5432");
    CHECK(o.write("env=prod cluster=orders-cl database=b host=10.2.4.11 credential=monitor") ==
          EINVAL);
    says(o.inbox(), "a cluster is one server");
    CHECK(o.write("env=prod cluster=orders-cl database=app host=10.2.4.10 credential=monitor "
                  "active=no") == EINVAL);
    says(o.inbox(), "is registered in tallyfs.toml: change it there");
    CHECK(o.write("forget prod/orders-cl/app") == EINVAL);
    CHECK(o.write("forget prod/orders-cl/none") == ENOENT);
    CHECK(o.write("deactivate prod/orders-cl/app") == ENOENT);
    CHECK(o.paths() == names{"prod/orders-cl/app"});
    CHECK(o.actions.head() == head);
}

TEST_CASE("what people register, deactivate and forget holds at once and after a restart") {
    const temporary_directory folder;
    const registry_options given{{monitor()}, {}, {}, {}};
    const std::string text =
        "env=prod cluster=a database=\"my app\" host=10.2.4.10 credential=monitor owner=\"A "
        "team\"\n";
    {
        office o(folder.path(), given);
        CHECK(o.write(text) == 0);
        CHECK(o.write("env=dev cluster=b database=c host=10.2.4.11 credential=monitor") == 0);
        CHECK(o.paths() == names{"dev/b/c", "prod/a/my app"});
        says(o.inbox(), "dev/b/c at 10.2.4.11:5432, credential monitor");
        CHECK(o.write("deactivate prod/a/my app", anna, "other") == 0);
        says(o.inbox("other"), "known, and not looked at");
        CHECK(o.write("forget databases/dev/b/c\n", anna, "last") == 0);
        CHECK(o.inbox("last") == "dev/b/c is forgotten\n");
        CHECK(o.paths() == names{"prod/a/my app"});
        CHECK(o.actions.head().lines == 4);
        CHECK(o.write("deactivate prod/a/my app") == 0);  // as it is: nothing to record
        CHECK(o.actions.head().lines == 4);
    }
    office again(folder.path(), given);
    REQUIRE(again.paths() == names{"prod/a/my app"});
    const auto one = again.registry.current()->databases.front();
    CHECK_FALSE(one.active);
    CHECK(one.owner == "A team");
    CHECK(one.source == "new");
    CHECK(again.past.front().event == "database.registered");
    CHECK(again.past.front().subject == "prod/a/my app");
    CHECK(again.past.front().actor.by == "anna");
    CHECK(again.write("activate prod/a/my app") == 0);
    CHECK(again.registry.current()->databases.front().active);
}

TEST_CASE("a database is forgotten by the name of its directory as well") {
    const temporary_directory folder;
    office o(folder.path(), {{monitor()}, {}, {}, {}});
    REQUIRE(o.write("env=dev cluster=a database=b/c host=10.2.4.10 credential=monitor") == 0);
    CHECK(o.paths() == names{"dev/a/b/c"});
    CHECK(o.write("forget databases/dev/a/b%2Fc") == 0);
    CHECK(o.paths().empty());
}

TEST_CASE("a replayed registration whose host the configuration no longer allows is not used") {
    const temporary_directory folder;
    {
        office o(folder.path(), {{monitor()}, {}, {}, {}});
        REQUIRE(o.write("env=prod cluster=a database=b host=10.2.4.10 credential=monitor") == 0);
    }
    office o(folder.path(), {{monitor({"10.2.4.11"})}, {}, {}, {}});
    CHECK(o.paths().empty());
    says(o.problems(), "new: prod/a/b is not used: the credential \"monitor\" may not be used");
}

TEST_CASE("what is wrong with the configured sources is found without asking a server") {
    const temporary_directory folder;
    const auto file = folder.path() / "registry.csv";
    const auto secret = folder.path() / "secret";
    put(file, columns + "prod,orders-cl,audit,10.2.4.11,5432,monitor\nprd,a,b,c,5432,monitor\n");
    put(secret, "hunter2\n");
    std::filesystem::permissions(secret, std::filesystem::perms(0644));
    registry_options given{{monitor()}, {database("orders-cl", "app")}, file, {}};
    given.credentials.front().password_file = secret;
    std::string all;
    for (const auto& one : problems_of(given)) all += one + "\n";
    says(all, "credential \"monitor\": " + secret.string() + " is open to other users: chmod 600");
    says(all, "registry.csv: line 3: env is none of");
    says(all, "registry.csv: prod/orders-cl/audit is not used: prod/orders-cl is at");
    CHECK(std::ranges::count(all, '\n') == 3);
}
