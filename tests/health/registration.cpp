#include "support/catch.hpp"

#include <tallyfs/health/registration_text.hpp>

using namespace tallyfs;
using namespace tallyfs::health;

namespace {

const std::string orders =
    "env=prod cluster=orders-cl database=app host=10.2.4.10 credential=monitor";

registration read(const std::string& text) {
    const auto made = parse_registration(text);
    INFO(text);
    REQUIRE(made);
    return *made;
}

std::string problem_of(const std::string& text) {
    const auto made = parse_registration(text);
    INFO(text);
    REQUIRE(!made);
    return made.error().sentence;
}

bool says(const std::string& sentence, std::string_view part) {
    INFO(sentence);
    return sentence.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a registration is read from words and written back as the same") {
    const auto made = read(
        "env=prod cluster=orders-cl\ndatabase=\"my \\\"app\\\"\" host=db.example port=6432\t"
        "credential=monitor remedies_credential=mender tls=verify-ca tls_root_file=/etc/ca.pem "
        "owner=\"Team Orders\" tags=pci,eu migrations=\"/srv/my files\" active=no\n");
    CHECK(made.cluster == cluster_id{"prod", "orders-cl"});
    CHECK(made.database == "my \"app\"");
    CHECK(made.host == "db.example");
    CHECK(made.port == 6432);
    CHECK(made.credential == "monitor");
    CHECK(made.remedies_credential == "mender");
    CHECK(made.tls == "verify-ca");
    CHECK(made.tls_root_file == "/etc/ca.pem");
    CHECK(made.owner == "Team Orders");
    CHECK(made.tags == std::vector<std::string>{"pci", "eu"});
    CHECK(made.migrations == "/srv/my files");
    CHECK_FALSE(made.active);
    CHECK(read(canonical_text(made)) == made);
}

TEST_CASE("what a registration does not say has its default") {
    const auto made = read(orders + " tls= owner=");
    CHECK(made.port == 5432);
    CHECK(made.tls.empty());
    CHECK(made.active);
    CHECK(made.path() == "prod/orders-cl/app");
    CHECK(canonical_text(made) ==
          "env=prod cluster=orders-cl database=app host=10.2.4.10 port=5432 credential=monitor");
}

TEST_CASE(
    "a password is refused wherever it stands, is not repeated, and is told where it belongs") {
    for (const std::string with_password : {
             "postgres://monitor:hunter2@10.2.4.10/app",
             "postgres://monitor:hunter2@10.2.4.10/app?sslmode=require",
             "PostgreSQL://monitor:hunter2@10.2.4.10/app",
             "env=prod url=postgres://monitor:hunter2@10.2.4.10/app",
             "env=prod host=postgresql://10.2.4.10/app?password=hunter2",
             "env=prod password=hunter2",
             "env=prod PGPASSWORD=hunter2",
             "env=prod passwd=hunter2",
             "env=prod database=\"app password=hunter2\"",
             "env=prod owner=https://anna:hunter2@wiki.example/",
         }) {
        const auto sentence = problem_of(with_password);
        CHECK(says(sentence, "password_file, password_env or password_command"));
        CHECK_FALSE(says(sentence, "hunter2"));
    }
    for (const std::string hidden :
         {"hunter2", "env=prod hunter2", "env=hunter2", "env=prod host=monitor:hunter2@10.2.4.10",
          "env=prod port=hunter2", "env=prod \"hunter2\"=x"}) {
        CHECK_FALSE(says(problem_of(hidden), "hunter2"));
    }
}

TEST_CASE("what is wrong with a registration is said with its name") {
    CHECK(problem_of("env=prd") == "env is none of prod, uat, qa, dev; did you mean prod?");
    CHECK(problem_of(orders + " databse=x") == "databse is unknown; did you mean database?");
    CHECK(says(problem_of(orders + " colour=x"), "colour is unknown; there are env, cluster,"));
    CHECK(problem_of(orders + " env=dev") == "env is there twice");
    CHECK(problem_of("env=prod cluster=a database=b credential=c") == "host is missing");
    CHECK(problem_of(orders + " port=0") == "port is no number from 1 to 65535");
    CHECK(problem_of(orders + " port=65536") == "port is no number from 1 to 65535");
    CHECK(problem_of(orders + " port=5432x") == "port is no number from 1 to 65535");
    CHECK(says(problem_of(orders + " tls=on"), "tls is none of disable"));
    CHECK(says(problem_of(orders + " active=maybe"), "active is neither yes nor no"));
    CHECK(says(problem_of(orders + " migrations=db/migrations"), "migrations is no absolute path"));
    CHECK(says(problem_of(orders + " tags=a,,b"), "tags are"));
    CHECK(says(problem_of("prod orders-cl app"), "write words of key=value"));
    CHECK(says(problem_of(orders + " owner=\"A"), "quotes go around a whole value"));
    CHECK(says(problem_of(orders + " owner=\"A\"B"), "quotes go around a whole value"));
    CHECK(says(problem_of(""), "env is missing"));
    CHECK(says(problem_of(std::string(5000, 'x')), "at most 4096 bytes"));
}

TEST_CASE("names of the tree and of hosts are what they seem to be") {
    const auto with = [](const std::string& name, const std::string& value) {
        std::vector<registration_field> fields{{"env", "prod"},
                                               {"cluster", "a"},
                                               {"database", "b"},
                                               {"host", "h"},
                                               {"credential", "c"}};
        for (auto& field : fields) {
            if (field.name == name) field.value = value;
        }
        return registration_of(fields).has_value();
    };
    for (const std::string host : {"db.example", "10.2.4.10", "::1", "fe80::1:2", "/run/postgresql",
                                   "localhost", "my_host-1"}) {
        INFO(host);
        CHECK(with("host", host));
    }
    for (const std::string host :
         {"a,b", "a b", "10.2.4.10:5432", "@abstract", "-h", ".a", "a.", "h'x", "h\\", "[::1]",
          "/run/a,/run/b", "user@h", "h\nx", "::1,h", "fe80::1%eth0"}) {
        INFO(host);
        CHECK_FALSE(with("host", host));
    }
    CHECK_FALSE(with("host", std::string(254, 'h')));
    CHECK_FALSE(with("host", "/" + std::string(92, 'h')));
    for (const std::string cluster : {"../a", "a/b", ".a", "", "a b", "a\x01", "\xc3\xa9"}) {
        INFO(cluster);
        CHECK_FALSE(with("cluster", cluster));
    }
    CHECK(with("database", "B\xc3\xa9stellungen / 2026"));
    for (const std::string database :
         {"a\nb", "a\x7f", "a\xff", "a\xe2\x80\xae", " a", "a ", "status.txt", "x.csv"}) {
        INFO(database);
        CHECK_FALSE(with("database", database));
    }
    CHECK_FALSE(with("database", std::string(64, 'd')));
}

TEST_CASE("a CSV has its columns by name and its fields as RFC 4180 says") {
    const auto made = parse_registration_csv(
        "\xef\xbb\xbfhost,tags,env,cluster,database,credential,active,owner\r\n"
        "10.2.4.10,\"pci,eu\",prod,orders-cl,app,monitor,yes,\"Team Orders\"\r\n"
        "\r\n"
        "10.2.4.11,,dev,\"play\",\"a \"\"b\"\"\",monitor,no,\r\n");
    CHECK(made.problems.empty());
    REQUIRE(made.entries.size() == 2);
    CHECK(made.entries[0].path() == "prod/orders-cl/app");
    CHECK(made.entries[0].tags == std::vector<std::string>{"pci", "eu"});
    CHECK(made.entries[0].owner == "Team Orders");
    CHECK(made.entries[1].database == "a \"b\"");
    CHECK_FALSE(made.entries[1].active);
    CHECK(parse_registration_csv("env,cluster,database,host,credential\n").problems.empty());
}

TEST_CASE("a CSV with a wrong header has no entries, and the problem names the right word") {
    const std::string row = "prod,orders-cl,app,10.2.4.10,monitor\n";
    const auto problem = [&](const std::string& header) {
        const auto made = parse_registration_csv(header + "\n" + row);
        CHECK(made.entries.empty());
        REQUIRE(made.problems.size() == 1);
        return made.problems.front();
    };
    CHECK(problem("env,cluster,databse,host,credential") ==
          "line 1: databse is unknown; did you mean database?");
    CHECK(problem("env,cluster,database,host,host") == "line 1: host is there twice");
    CHECK(problem("env,cluster,database,host") == "line 1: the column credential is missing");
    CHECK(says(problem("env,cluster,database,host,credential,password"), "password_command"));
    CHECK(says(problem(""), "the names of the columns are missing"));
    CHECK(says(problem("\"env"), "the names of the columns are missing"));
}

TEST_CASE("a wrong row of a CSV is named by its line, and the others are read") {
    const auto made = parse_registration_csv(
        "env,cluster,database,host,credential,owner\n"
        "prod,a,b,h,c,\"two\nlines\"\n"
        "prod,a,b,h,c,\n"
        "prd,a,b,h,c,\n"
        "prod,a,b,h,c\n"
        "prod,a,d,h,c,postgres://u:hunter2@h/d\n"
        "prod,a,e,h,c,x\"y\"\n"
        "prod,a,f,h,c,\n");
    REQUIRE(made.entries.size() == 1);
    REQUIRE(made.problems.size() == 5);
    CHECK(says(made.problems[0], "line 2: owner has"));
    CHECK(says(made.problems[1], "line 5: env is none of"));
    CHECK(made.problems[2] == "line 6: 5 fields under 6 columns");
    CHECK(says(made.problems[3], "line 7: passwords are not written here"));
    CHECK_FALSE(says(made.problems[3], "hunter2"));
    CHECK(says(made.problems[4], "line 8: quotes"));
}

TEST_CASE("a CSV is bounded in bytes and in rows") {
    const std::string header = "env,cluster,database,host,credential\n";
    std::string rows = header;
    for (std::size_t i = 0; i <= registrations_max; ++i) {
        rows += "dev,a,d" + std::to_string(i) + ",h,c\n";
    }
    const auto many = parse_registration_csv(rows);
    CHECK(many.entries.size() == registrations_max);
    REQUIRE(many.problems.size() == 1);
    CHECK(says(many.problems[0], "more than 5,000 rows"));
    const auto large =
        parse_registration_csv(header + std::string(registration_csv_bytes_max, ','));
    CHECK(large.entries.empty());
    REQUIRE(large.problems.size() == 1);
    CHECK(says(large.problems[0], "longer than 1 MiB"));
}
