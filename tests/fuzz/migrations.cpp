// Files of migrations, scripts of SQL, and the files of registered schemas.
// Formats: docs/databases.md, "Schema and migrations"; docs/formats.md, "Registered schemas".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/health/migrations.hpp>
#include <tallyfs/health/schema.hpp>
#include <tallyfs/health/sql_script.hpp>

namespace tallyfs::fuzz {

namespace {

std::string file_of(const health::migration& read) {
    std::string text;
    for (std::size_t i = 0; i < read.up.size(); ++i) {
        const auto& down = read.down[read.down.size() - 1 - i];
        for (const auto& [word, section] :
             {std::pair("up", &read.up[i]), std::pair("down", &down)}) {
            text.append("-- migrate:").append(word);
            text += section->transaction ? "\n" : " transaction:false\n";
            text += section->sql;
        }
    }
    return text;
}

void read_migration(std::string_view input) {
    const auto read = health::parse_migration(input);
    if (!read) {
        require(read.error().line > 0 && !read.error().reason.empty(), "a refusal says where");
        return;
    }
    const auto again = health::parse_migration(file_of(*read));
    require(again.has_value(), "what was read can be written and read again");
    require_equal(file_of(*again), file_of(*read), "the second reading finds the same");
    for (const auto* sections : {&read->up, &read->down}) {
        for (const auto& section : *sections) {
            for (const auto& one : health::statements_of(section.sql)) {
                require(!section.transaction || !health::controls_transaction(one.text),
                        "a section in a transaction does not end it");
            }
        }
    }
}

void part(std::string_view sql) {
    const auto statements = health::statements_of(sql);
    std::string joined;
    for (const auto& one : statements) {
        require(!one.text.empty(), "a statement says something");
        joined.append(one.text) += ";\n";
    }
    const auto again = health::statements_of(joined);
    // What was never closed takes the semicolon that was put behind it.
    require(again.size() == statements.size(), "parted again there are as many");
    for (std::size_t i = 0; i + 1 < statements.size(); ++i) {
        require_equal(again[i].text, statements[i].text, "and they are the same");
    }
    require(health::names_in(sql).size() <= health::sql_names_max, "names are bounded");
}

void read_state(std::string_view json) {
    const auto state = health::parse_registered_schema(json);
    if (!state) return;
    const auto again = health::parse_registered_schema(health::to_json(*state));
    require(again == state, "a registered schema is read as it was written");
}

}  // namespace

void migrations(std::string_view input) {
    switch (take_choice(input, 3)) {
        case 0:
            return read_migration(input);
        case 1:
            return part(input);
        default:
            return read_state(input);
    }
}

}  // namespace tallyfs::fuzz
