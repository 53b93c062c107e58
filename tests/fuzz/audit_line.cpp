// The line of an audit event: both readers agree, and what is read can be written and read again.
// Format: docs/formats.md, "An audit event's line".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/audit_event.hpp>

#include <record/audit_fields.hpp>

#include <algorithm>
#include <string>

namespace tallyfs::fuzz {

namespace {

std::string written(const record::audit_event& event) {
    std::string line;
    append_line(line, event);
    return line;
}

void check_written(const record::audit_event& event) {
    const auto line = written(event);
    require(line.size() < limits::line_bytes_max, "a line is bounded");
    require(std::ranges::count(line, '\n') == 1 && line.ends_with('\n'), "a line is one line");
    require(std::ranges::none_of(line, [](char c) { return c == '\0' || c == '\r'; }),
            "a line has no control characters");
    const auto read = record::parse_audit_event(line);
    const auto any_order = record::parse_audit_event_any_order(line);
    require(read.has_value() && any_order.has_value(), "what was written can be read");
    require(*read == *any_order, "both readers agree on a written line");
    require_equal(written(*read), line, "what was read is written as it was");
}

/// Fills an event with whatever the input holds.
class filler {
  public:
    explicit filler(std::string_view input) : input_(input) {}

    template <class Field>
    void operator()(std::string_view /*name*/, Field&& field) {
        fill(field);
    }

  private:
    void fill(record::bounded_or_null<std::string> field) { field.text = text(3); }
    void fill(record::cut_text<std::string> field) { field.text = text(100); }
    void fill(wall_time& value) {
        constexpr std::uint64_t until = 253402300800;  // the year 10000
        value = wall_time(std::chrono::microseconds(number() % (until * 1'000'000)));
    }
    void fill(std::optional<std::int64_t>& value) {
        if (take_choice(input_, 4) != 0) value = static_cast<std::int64_t>(number());
    }
    void fill(std::vector<std::string>& rules) {
        rules.resize(take_choice(input_, 20));
        for (auto& rule : rules) rule = text(1);
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | take_choice(input_, 256);
        return value;
    }
    std::string text(std::size_t times) {
        const auto size = take_choice(input_, 256);
        const std::string taken(input_.substr(0, size));
        input_.remove_prefix(taken.size());
        std::string all;
        for (std::size_t i = 0; i < times; ++i) all += taken;
        return all;
    }

    std::string_view input_;
};

}  // namespace

void audit_line(std::string_view input) {
    const auto read = record::parse_audit_event(input);
    const auto any_order = record::parse_audit_event_any_order(input);
    require(read.has_value() == any_order.has_value(), "both readers take the same lines");
    if (read) {
        require(*read == *any_order, "both readers agree");
        check_written(*read);
    }
    record::audit_event event;
    event.previous = record::no_line_before;
    record::visit_audit_fields(event, filler(input));
    check_written(event);
}

}  // namespace tallyfs::fuzz
