// Files of migrations as dbmate writes them, and what became of each of them in a database.
#include "support/catch.hpp"

#include <tallyfs/health/migrations.hpp>

using namespace tallyfs::health;

namespace {

std::string reason_of(std::string_view content) {
    const auto read = parse_migration(content);
    return read ? "" : read.error().message();
}

migration_file file(std::string name, std::string sha256, std::string problem = "") {
    migration_file made;
    made.version = version_of(name);
    made.name = std::move(name);
    made.sha256 = std::move(sha256);
    made.problem = std::move(problem);
    return made;
}

bool tells(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file has a section up and one down, and their lines are known") {
    const auto read = parse_migration(
        "-- who: we\n\n--migrate:up\ncreate table t (id int);\n\n-- migrate:down\ndrop table t;\n");
    REQUIRE(read);
    CHECK(read->up == std::vector<migration_section>{{"create table t (id int);\n\n", true, 4}});
    CHECK(read->down == std::vector<migration_section>{{"drop table t;\n", true, 7}});
    CHECK(read->is_atomic(direction::up));
    CHECK_FALSE(read->is_empty(direction::down));
}

TEST_CASE("options stand on the line, and of several pairs the last is undone first") {
    const auto read = parse_migration(
        "-- migrate:up transaction:false\nselect 1;\n-- migrate:down\nselect 2;\n"
        "--  migrate:up a remark\r\nselect 3;\r\n-- migrate:down transaction:true\n-- nothing\n");
    REQUIRE(read);
    REQUIRE(read->up.size() == 2);
    CHECK_FALSE(read->up[0].transaction);
    CHECK(read->up[1].transaction);
    CHECK(read->up[1].sql == "select 3;\n");
    CHECK_FALSE(read->is_atomic(direction::up));
    CHECK(read->is_atomic(direction::down));
    CHECK(read->down[0].sql == "-- nothing\n");
    CHECK(read->down[1].sql == "select 2;\n");
    CHECK_FALSE(read->is_empty(direction::down));
    CHECK(parse_migration("-- migrate:up\nselect 1\n-- migrate:down\n-- none\n")
              ->is_empty(direction::down));
}

TEST_CASE("a line that only looks like the beginning of a section is SQL") {
    const auto read = parse_migration(
        "-- migrate:up\n -- migrate:down\n-- migrate:downwards\n# migrate:down\n-- migrate:down");
    REQUIRE(read);
    CHECK(read->up[0].sql == " -- migrate:down\n-- migrate:downwards\n# migrate:down\n");
    CHECK(read->down[0].sql.empty());
}

TEST_CASE("a wrong file says in which line, and what") {
    for (const auto& [content, told] : std::vector<std::pair<std::string, std::string>>{
             {"", "line 1: no line is \"-- migrate:up\""},
             {"-- x\nselect 1;\n-- migrate:up\n", "line 2: before the first"},
             {"-- migrate:down\n", "line 1: a \"-- migrate:down\" has to follow"},
             {"\n-- migrate:up\nselect 1;\n", "line 2: a \"-- migrate:up\" has to be followed"},
             {"-- migrate:up\n-- migrate:up\n", "line 2: a \"-- migrate:up\" has to be followed"},
             {"-- migrate:up\n-- migrate:down\n-- migrate:down\n", "line 3: a \"-- migrate:down\""},
             {"-- migrate:up transation:false\n-- migrate:down\n",
              "line 1: there is no option \"transation\"; did you mean transaction?"},
             {"-- migrate:up transaction:no\n", "line 1: transaction is true or false"},
             {"-- migrate:up\nselect '\xff';\n-- migrate:down\n", "line 2: it is not UTF-8"},
             {"-- migrate:up\nselect 1; -- \xe2\x80\xae\n-- migrate:down\n", "line 2: a character"},
             {std::string("-- migrate:up\n\0\n-- migrate:down\n", 32), "line 2: a character"},
             {"-- migrate:up\nselect 1;\nselect 2; COMMIT;\n-- migrate:down\n",
              "line 3: it begins or ends a transaction"},
             {"-- migrate:up\nselect 1;\n-- migrate:down\n\nbegin;\n", "line 5: it begins or ends"},
             {std::string(migration_bytes_max + 1, ' '), "line 1: it has 1048577 bytes"}}) {
        INFO(told);
        CHECK(tells(reason_of(content), told));
    }
    CHECK(reason_of("-- migrate:up transaction:false\ncommit;\n-- migrate:down\n").empty());
    std::string many;
    for (std::size_t i = 0; i <= migration_sections_max; ++i) {
        many += "-- migrate:up\n-- migrate:down\n";
    }
    CHECK(tells(reason_of(many), "line 201: there are more than 100 pairs"));
}

TEST_CASE("the version of a file are the digits that its name begins with") {
    CHECK(version_of("20260102030405_add.sql") == "20260102030405");
    CHECK(version_of("007.sql") == "007");
    CHECK(version_of("1a.sql") == "1");
    CHECK(version_of("add.sql").empty());
    CHECK(version_of("1_add.sql.bak").empty());
    CHECK(version_of(std::string(65, '1') + ".sql").empty());
}

TEST_CASE("each migration is applied, changed, without a file, pending, or out of order") {
    migration_directory directory;
    directory.known = true;
    directory.files = {file("1_a.sql", "aa", "line 1: odd"), file("2_b.sql", "b2"),
                       file("3_c.sql", "cc"), file("5_e.sql", "ee", "line 9: wrong"),
                       file("7_g.sql", "gg")};
    const auto states = migration_states(directory, std::vector<std::string>{"1", "2", "4", "6"},
                                         {{"1", "aa"}, {"2", "b1"}, {"6", "ff"}, {"7", "old"}});
    CHECK(migrations_csv(states) ==
          "version,file,state,sha256,sha256_when_applied,problem\n"
          "1,1_a.sql,applied,aa,aa,\n"
          "2,2_b.sql,changed,b2,b1,\n"
          "3,3_c.sql,out_of_order,cc,,\n"
          "4,,file_missing,,,\n"
          "5,5_e.sql,out_of_order,ee,,line 9: wrong\n"
          "6,,file_missing,,ff,\n"
          "7,7_g.sql,pending,gg,,\n");
}

TEST_CASE("where no directory is known nothing is missed, and two files of one version are said") {
    const std::vector<std::string> applied{"1"};
    CHECK(migration_states({}, applied, {}).front().state == migration_state::applied);
    migration_directory directory;
    directory.known = true;
    directory.files = {file("2_a.sql", "aa"), file("2_b.sql", "bb"),
                       file("1_x.sql", "", "no file")};
    const auto states = migration_states(directory, applied, {{"1", "then"}});
    REQUIRE(states.size() == 3);
    CHECK(states[0].state == migration_state::applied);
    CHECK(states[0].problem == "no file");
    CHECK(states[1].problem.empty());
    CHECK(states[2].problem == "has the version of 2_a.sql");
    CHECK(migrations_csv({}) == "version,file,state,sha256,sha256_when_applied,problem\n");
}
