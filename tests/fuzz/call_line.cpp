// The line of a call: both readers agree, and what is read can be written and read again.
// Format: docs/formats.md, "A call's line".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/record/call.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <record/fields.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tallyfs::fuzz {

namespace {

std::string written(const record::call& call) {
    std::string line;
    record::append_line(line, call);
    return line;
}

bool nearly_equal(double a, double b) {
    return std::abs(a - b) <= std::abs(a) * 1e-14;
}

/// One of the readers knows doubles only: of a duration of years they are not exact to the last
/// microsecond, and it may miss the nearest of them by one or two.
void forgive_rounding(const record::call& exact, record::call& rounded) {
    const auto forgive = [](record::duration from, record::duration& to) {
        if (nearly_equal(static_cast<double>(from.count()), static_cast<double>(to.count())))
            to = from;
    };
    forgive(exact.duration_ms, rounded.duration_ms);
    for (const auto member :
         {&record::call::first_byte_ms, &record::call::first_token_ms, &record::call::queue_ms,
          &record::call::load_ms, &record::call::prompt_eval_ms, &record::call::eval_ms})
        if (exact.*member && rounded.*member) forgive(*(exact.*member), *(rounded.*member));
    auto& rate = rounded.tokens_per_second;
    if (rate && exact.tokens_per_second && nearly_equal(*exact.tokens_per_second, *rate))
        rate = exact.tokens_per_second;
}

/// The same options can be written in more than one way: "0.5" and "5E-1".
bool same_call(record::call a, record::call b) {
    forgive_rounding(a, b);
    for (auto* const options : {&a.options, &b.options}) {
        if (!*options) continue;
        error_code error;
        const auto parsed = boost::json::parse(**options, error);
        require(!error && parsed.is_object(), "options are a JSON object");
        *options = boost::json::serialize(parsed);
    }
    return a == b;
}

void check_written(const record::call& call) {
    const auto line = written(call);
    require(line.size() <= limits::line_bytes_max, "a line is bounded");
    require(std::ranges::count(line, '\n') == 1 && line.ends_with('\n'), "a line is one line");
    require(std::ranges::none_of(line, [](char c) { return c == '\0' || c == '\r'; }),
            "a line has no control characters");
    error_code error;
    const auto document = boost::json::parse(line, error);
    require(!error && document.is_object(), "a line is a JSON object in UTF-8");
    const auto fast = record::parse_call(line);
    const auto any_order = record::parse_any_order(line);
    require(fast.has_value() && any_order.has_value(), "what was written can be read");
    require(same_call(*fast, *any_order), "both readers agree on a written line");
    require_equal(written(*fast), line, "what was read is written as it was");
}

/// The readers look at what stands between quotes in different ways: one checks its encoding.
std::string with_plain_texts(std::string_view line) {
    std::string plain(line);
    for (char& c : plain)
        if (static_cast<unsigned char>(c) >= 0x7f || (static_cast<unsigned char>(c) < 0x20))
            c = '?';
    return plain;
}

void check_line(std::string_view line) {
    const auto fast = record::parse_call(line);
    const auto any_order = record::parse_any_order(line);
    if (any_order) {
        require(fast.has_value(), "the quick reader knows what to leave to the other one");
        require(same_call(*fast, *any_order), "both readers agree");
    } else if (fast) {
        while (line.ends_with('\n')) line.remove_suffix(1);
        require(record::parse_any_order(with_plain_texts(line)).has_value(),
                "the quick reader takes nothing but calls");
    }
    if (fast) check_written(*fast);
}

/// Fills a call with whatever the input holds.
class filler {
  public:
    explicit filler(std::string_view input) : input_(input) {}

    template <class Field>
    void operator()(std::string_view /*name*/, Field&& field) {
        fill(field);
    }

  private:
    template <class Value>
    void fill(std::optional<Value>& value) {
        if (take_choice(input_, 4) != 0) fill(value.emplace());
    }
    template <class Value>
    void fill(record::bounded<std::optional<Value>> field) {
        if (take_choice(input_, 4) != 0) field.text = text();
    }
    template <class Value>
    void fill(record::raw_json<std::optional<Value>> field) {
        // The request's reader writes these: an object of names and scalars, or none.
        if (take_choice(input_, 2) != 0)
            field.text = R"({"num_ctx":)" + std::to_string(number()) + "}";
    }
    void fill(record::bounded<std::string> field) { field.text = text(); }
    void fill(wall_time& value) {
        constexpr std::int64_t until = 253402300800;  // the year 10000
        const auto us = static_cast<std::uint64_t>(number()) % (until * 1'000'000);
        value = wall_time(std::chrono::microseconds(us));
    }
    void fill(record::duration& value) {
        // 31 years: what is longer is not exact to the microsecond as a double.
        constexpr std::int64_t us_max = 1'000'000'000'000'000;
        value = record::duration(number() % us_max);
    }
    void fill(uuid& value) {
        for (auto& byte : value.bytes) byte = static_cast<std::uint8_t>(take_choice(input_, 256));
    }
    void fill(bool& value) { value = take_choice(input_, 2) != 0; }
    void fill(int& value) { value = static_cast<int>(number()); }
    void fill(std::int64_t& value) { value = number(); }
    void fill(double& value) {
        const auto bits = number();
        std::memcpy(&value, &bits, sizeof value);
    }
    void fill(record::outcome& value) {
        value = static_cast<record::outcome>(take_choice(input_, 7));
    }
    void fill(record::tokens_from& value) {
        value = static_cast<record::tokens_from>(take_choice(input_, 3));
    }
    void fill(record::service_source& value) {
        value = static_cast<record::service_source>(take_choice(input_, 7));
    }

    std::int64_t number() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | take_choice(input_, 256);
        return static_cast<std::int64_t>(value);
    }
    std::string text() {
        const auto size = take_choice(input_, 256) * 3;
        const std::string taken(input_.substr(0, size));
        input_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view input_;
};

}  // namespace

void call_line(std::string_view input) {
    if (input.find('{') != input.npos) check_line(input);
    record::call call;
    record::visit_fields(call, filler(input));
    check_written(call);
}

}  // namespace tallyfs::fuzz
