#include "ledger/figures.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/ledger/rollup.hpp>

namespace tallyfs::ledger {

namespace {

/// Writes lines that each begin with version, day and kind.
class lines_writer {
  public:
    explicit lines_writer(day date) : day_(date.to_string()) {}

    lines_writer& begin(std::string_view kind) {
        begin_ = text_.size();
        text_.append("{\"v\":1,\"day\":\"").append(day_).append("\",\"kind\":\"");
        text_.append(kind) += '"';
        return *this;
    }
    lines_writer& member(std::string_view name, std::int64_t value) {
        add_name(name);
        text_ += std::to_string(value);
        return *this;
    }
    lines_writer& member(std::string_view name, record::duration value) {
        return member(name, std::int64_t{value.count()});
    }
    lines_writer& member(std::string_view name, std::string_view value) {
        add_name(name);
        append_json_string(text_, value);
        return *this;
    }
    /// The default time is none.
    lines_writer& member(std::string_view name, wall_time value) {
        if (value != wall_time{}) return member(name, to_rfc3339(value));
        add_name(name);
        text_ += "null";
        return *this;
    }
    lines_writer& member(const group& of) {
        return member("service", of.service)
            .member("task", of.task)
            .member("model", of.model)
            .member("endpoint", of.endpoint);
    }
    /// Figures that are 0 are left out.
    lines_writer& member(const sums& figures) {
        visit_figures(figures, [this](const char* name, const auto& value) {
            if (value != std::decay_t<decltype(value)>{}) member(name, value);
        });
        return *this;
    }
    void end() {
        text_ += "}\n";
        fits_ = fits_ && text_.size() - begin_ <= limits::line_bytes_max;
        ++lines_;
    }

    [[nodiscard]] std::int64_t lines() const { return lines_; }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] result<std::string> finish() {
        if (!fits_) return make_error_code(boost::system::errc::message_size);
        return std::move(text_);
    }

  private:
    void add_name(std::string_view name) { text_.append(",\"").append(name).append("\":"); }

    const std::string day_;
    std::string text_;
    std::size_t begin_ = 0;
    std::int64_t lines_ = 0;
    bool fits_ = true;
};

}  // namespace

result<std::string> to_lines(const rollup& kept) {
    lines_writer out(kept.date);
    out.begin("day")
        .member("calls", kept.calls.lines)
        .member("last_call", kept.calls.changed)
        .member("unreadable_lines", kept.unreadable_lines)
        .end();
    for (const auto& row : kept.groups) {
        out.begin("group")
            .member(row.group)
            .member("prompts", row.prompts)
            .member("repeats", row.repeats)
            .member("repeat_busy_us", row.repeat_busy)
            .end();
    }
    for (const auto& row : kept.quarters) {
        out.begin("quarter_hour")
            .member("quarter_hour", row.quarter)
            .member(kept.groups[row.group].group)
            .member(row.sums)
            .end();
    }
    for (const auto& row : kept.names) {
        out.begin(row.model ? "model" : "service")
            .member("name", row.name)
            .member("last_call", row.last_call)
            .end();
    }
    for (const auto& row : kept.swaps) {
        out.begin("swaps")
            .member(kept.groups[row.group].group)
            .member("evicted_model", row.evicted_model)
            .member("swaps", row.swaps)
            .end();
    }
    for (const auto& row : kept.departures) {
        out.begin("left_the_house")
            .member(kept.groups[row.group].group)
            .member("destination", row.destination)
            .member("calls", row.calls)
            .member("request_bytes", row.request_bytes)
            .member("refused", row.refused)
            .end();
    }
    for (const auto& [model, options] : kept.loaded) {
        out.begin("loaded").member("model", model).member("options", options).end();
    }
    const auto hash = sha256_hex(out.text());
    out.begin("end")
        .member("made", kept.made)
        .member("lines", out.lines())
        .member("sha256", hash)
        .end();
    return out.finish();
}

}  // namespace tallyfs::ledger
