// Directories of migrations with what does not belong there: nothing is followed or waited for.
#include "postgres/migration_files.hpp"

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/file.hpp>

#include <sys/stat.h>

using namespace tallyfs;
using namespace tallyfs::postgres;
using namespace tallyfs::test;

namespace {

const std::string good = "-- migrate:up\nselect 1;\n-- migrate:down\n";

const health::migration_file* find(const health::migration_directory& all, std::string_view name) {
    for (const auto& one : all.files) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("a directory of migrations is read in order, with what is wrong with each file") {
    const temporary_directory folder;
    const auto at = [&](const char* name) { return folder.path() / name; };
    REQUIRE(replace_file(at("2_b.sql"), good));
    REQUIRE(replace_file(at("1_a.sql"), "select 1;\n"));
    REQUIRE(replace_file(at("notes.txt"), "x"));
    REQUIRE(replace_file(at("README.sql"), "x"));
    std::filesystem::create_directory(at("3_directory.sql"));
    std::filesystem::create_symlink(at("2_b.sql"), at("4_link.sql"));
    REQUIRE(::mkfifo(at("5_fifo.sql").c_str(), 0600) == 0);
    REQUIRE(replace_file(at("6_long.sql"), std::string(health::migration_bytes_max + 1, ' ')));
    const auto found = read_migrations(folder.path());
    CHECK(found.known);
    CHECK(found.problem.empty());
    REQUIRE(found.files.size() == 6);
    CHECK(found.files[0].name == "1_a.sql");
    CHECK(found.files[0].problem.starts_with("line 1: before the first"));
    CHECK(found.files[0].sha256 == sha256_hex("select 1;\n"));
    CHECK(find(found, "2_b.sql")->problem.empty());
    CHECK(find(found, "3_directory.sql")->problem == "is no file");
    CHECK(find(found, "4_link.sql")->problem == "is a link: links are not followed");
    CHECK(find(found, "5_fifo.sql")->problem == "is no file");
    CHECK(find(found, "6_long.sql")->problem == "has more than 1048576 bytes");
    CHECK(find(found, "6_long.sql")->sha256.empty());

    CHECK(find_migration(folder.path(), "2")->content == good);
    for (const auto& [version, why] : std::vector<std::pair<const char*, std::string>>{
             {"4", "4_link.sql is a link"}, {"5", "5_fifo.sql is no file"}, {"7", "no file in "}}) {
        CHECK(find_migration(folder.path(), version).error().what.starts_with(why));
    }
    REQUIRE(replace_file(at("2_c.sql"), good));
    CHECK(find_migration(folder.path(), "2").error().what ==
          "2_b.sql and 2_c.sql have the same version");
}

TEST_CASE("where no directory is named or none is there, nothing is known of files") {
    CHECK_FALSE(read_migrations("").known);
    CHECK(read_migrations("").problem.empty());
    CHECK_FALSE(read_migrations("/nonexistent").known);
    CHECK(read_migrations("/nonexistent").problem == "/nonexistent: No such file or directory");
    CHECK(find_migration("", "1").error().what.starts_with("no directory of migrations"));
}
