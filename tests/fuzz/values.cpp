// Small texts that stand for a value: what is read is written in one form, and that form is read
// as the same value. Formats: tallyfs/base, docs/formats.md, "Segments".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/clock.hpp>
#include <tallyfs/base/day.hpp>
#include <tallyfs/base/uuid.hpp>
#include <tallyfs/journal/segment.hpp>

#include <dialect/folding.hpp>
#include <dialect/go_duration.hpp>

namespace tallyfs::fuzz {

void values(std::string_view input) {
    if (const auto time = parse_rfc3339(input)) {
        const auto text = to_rfc3339(*time);
        require(text.size() == 27 && parse_rfc3339(text) == time, "a time is read back");
    }
    if (const auto date = day::parse(input)) {
        require(date->to_string() == input, "a day is written in one way");
        require(day::parse(date->next().to_string()) == date->next() ||
                    date->to_string() == "9999-12-31",
                "the day after is a day");
    }
    if (const auto id = uuid::parse(input)) {
        require(uuid::parse(id->to_string()) == id, "an id is read back");
        require(id->to_string().size() == input.size(), "an id has one length");
    }
    if (const auto segment = journal::segment_id::parse(input))
        require(segment->file_name() == input, "a segment has one name");
    const std::string text(input);
    if (dialect::is_zero_duration(text)) {
        require(
            dialect::is_zero_duration(text + "0ns") || text == "0" || text == "-0" || text == "+0",
            "nothing more is still nothing");
        require(!dialect::is_zero_duration(text + "1h"), "an hour is not nothing");
    }
    require(!dialect::key_matches(input, "model") || input.size() == 5,
            "no letter outside ASCII folds into the letters of model");
}

}  // namespace tallyfs::fuzz
