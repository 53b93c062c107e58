#include "ledger/figures.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/ledger/rollup.hpp>

#include <boost/json.hpp>

namespace tallyfs::ledger {

namespace {

namespace json = boost::json;

/// What one line says. A member that is missing or of the wrong type is named once, at the end.
class members {
  public:
    explicit members(const json::object& object) : object_(object) {}

    std::string text(std::string_view name) {
        const auto* const value = object_.if_contains(name);
        if (value != nullptr && value->is_string()) return std::string(value->get_string());
        return wrong<std::string>(name);
    }
    std::int64_t number(std::string_view name) {
        const auto* const value = object_.if_contains(name);
        if (value != nullptr && value->is_int64()) return value->get_int64();
        return wrong<std::int64_t>(name);
    }
    record::duration duration(std::string_view name) { return record::duration(number(name)); }
    /// null is the default time.
    wall_time time(std::string_view name) {
        const auto* const value = object_.if_contains(name);
        if (value != nullptr && value->is_null()) return {};
        const auto parsed = parse_rfc3339(text(name));
        return parsed ? *parsed : wrong<wall_time>(name);
    }
    tallyfs::ledger::group group() {
        return {text("service"), text("task"), text("model"), text("endpoint")};
    }
    /// Figures that are absent are 0.
    tallyfs::ledger::sums sums() {
        tallyfs::ledger::sums figures;
        visit_figures(figures, [this](const char* name, auto& value) {
            if (object_.contains(name)) value = std::decay_t<decltype(value)>(number(name));
        });
        return figures;
    }
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    template <class Value>
    Value wrong(std::string_view name) {
        if (problem_.empty()) problem_ = "no " + std::string(name);
        return {};
    }

    const json::object& object_;
    std::string problem_;
};

class rollup_reader {
  public:
    rollup_reader(std::string_view text, rollup& to) : text_(text), to_(to) { to_ = {}; }

    std::string run() {
        while (at_ < text_.size()) {
            ++line_;
            const auto newline = text_.find('\n', at_);
            if (newline == std::string_view::npos) return problem("cut off");
            if (ended_) return problem("something stands behind the end");
            const auto why = read_line(text_.substr(at_, newline - at_));
            if (!why.empty()) return problem(why);
            at_ = newline + 1;
        }
        ++line_;
        if (!ended_) return problem("the end is missing");
        std::int64_t calls = 0;
        for (const auto& row : to_.quarters) calls += row.sums.calls;
        return calls == to_.calls.lines ? "" : problem("its quarter hours have other calls");
    }

  private:
    [[nodiscard]] std::string problem(const std::string& why) const {
        return "line " + std::to_string(line_) + ": " + why;
    }

    std::string read_line(std::string_view line) {
        error_code failure;
        const auto value = json::parse({line.data(), line.size()}, failure);
        if (failure || !value.is_object()) return "not JSON";
        members said(value.get_object());
        if (said.number("v") != 1) return "not of version 1";
        const auto date = day::parse(said.text("day"));
        const auto kind = said.text("kind");
        if (!date || (line_ > 1 && *date != to_.date)) return "not of this day";
        if ((line_ == 1) != (kind == "day")) return "a line of another place";
        to_.date = *date;
        const auto why = read_kind(kind, said);
        return why.empty() ? said.problem() : why;
    }

    std::string read_kind(const std::string& kind, members& said) {
        if (kind == "day") {
            to_.calls = {said.number("calls"), said.time("last_call")};
            to_.unreadable_lines = said.number("unreadable_lines");
        } else if (kind == "group") {
            places_.emplace(said.group(), to_.groups.size());
            to_.groups.push_back({said.group(), said.number("prompts"), said.number("repeats"),
                                  said.duration("repeat_busy_us")});
        } else if (kind == "quarter_hour") {
            to_.quarters.push_back({said.number("quarter_hour"), place(said), said.sums()});
        } else if (kind == "service" || kind == "model") {
            to_.names.push_back({kind == "model", said.text("name"), said.time("last_call")});
        } else if (kind == "swaps") {
            to_.swaps.push_back({place(said), said.text("evicted_model"), said.number("swaps")});
        } else if (kind == "left_the_house") {
            to_.departures.push_back({place(said), said.text("destination"), said.number("calls"),
                                      said.number("request_bytes"), said.number("refused")});
        } else if (kind == "loaded") {
            to_.loaded[said.text("model")] = said.text("options");
        } else if (kind == "end") {
            ended_ = true;
            to_.made = said.time("made");
            if (said.number("lines") != line_ - 1) return "lines are missing before it";
            if (said.text("sha256") != sha256_hex(text_.substr(0, at_))) {
                return "the lines before it are not those that were written";
            }
        } else {
            return "of an unknown kind";
        }
        return unknown_group_ ? "of a group that was not named before" : "";
    }

    std::size_t place(members& said) {
        const auto known = places_.find(said.group());
        unknown_group_ = unknown_group_ || known == places_.end();
        return known == places_.end() ? 0 : known->second;
    }

    const std::string_view text_;
    rollup& to_;
    std::size_t at_ = 0;
    std::int64_t line_ = 0;
    std::map<group, std::size_t> places_;
    bool ended_ = false;
    bool unknown_group_ = false;
};

}  // namespace

std::string parse_rollup(std::string_view text, rollup& to) {
    return rollup_reader(text, to).run();
}

}  // namespace tallyfs::ledger
