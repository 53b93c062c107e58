#include "ledger/lines.hpp"

#include <support/catch.hpp>

#include <fstream>
#include <sstream>

namespace tallyfs::test {

journal::position line_journal::append(journal::segment_id segment, const record::call& c) {
    const journal::position begin{segment, segments_[segment].size()};
    record::append_line(segments_[segment], c);
    return begin;
}

void line_journal::append_text(journal::segment_id segment, std::string_view text) {
    segments_[segment] += text;
}

void line_journal::apply_rest(ledger::ledger& to, std::size_t batch_bytes,
                              std::size_t batches_max) const {
    for (const auto& [segment, text] : segments_) {
        if (segment < to.checkpoint().segment) continue;
        std::size_t at = segment == to.checkpoint().segment ? to.checkpoint().offset : 0;
        for (; at < text.size() && batches_max > 0; --batches_max) {
            const auto newline = text.find('\n', std::min(text.size(), at + batch_bytes) - 1);
            const auto batch = std::string_view(text).substr(at, newline + 1 - at);
            REQUIRE(to.apply({segment, at, batch}));
            at += batch.size();
        }
    }
}

void line_journal::write_files(const std::filesystem::path& directory) const {
    for (const auto& [segment, text] : segments_) {
        std::ofstream(directory / segment.file_name(), std::ios::binary) << text;
    }
}

std::vector<journal::segment_status> line_journal::status(
    const std::filesystem::path& directory) const {
    std::vector<journal::segment_status> list;
    for (const auto& [segment, text] : segments_) {
        list.push_back({segment, directory / segment.file_name(), text.size(), true, {}});
    }
    return list;
}

record::call random_calls::make(wall_time now) {
    const auto maybe = [&](auto value) {
        return pick(3) == 0 ? std::nullopt : std::optional(value);
    };
    const std::vector<std::string> models{"qwen3:14b", "qwen2.5:14b", "nomic-embed-text"};
    const std::vector<std::string> endpoints{"/api/chat", "/v1/embeddings", "load", "unload"};
    record::call c;
    c.time = now;
    c.duration_ms = some_time();
    c.id = uuid::make(now - c.duration_ms);
    c.service = "service \"" + std::to_string(pick(5)) + "\"";
    c.task = maybe("task-" + std::to_string(pick(2)));
    c.model = maybe(models[pick(3)]);
    c.endpoint = endpoints[std::max(pick(12), 8U) - 8];
    c.outcome = pick(2) == 0 ? record::outcome::ok : static_cast<record::outcome>(pick(7));
    c.prompt_tokens = maybe(std::int64_t{pick(4000)});
    c.output_tokens = maybe(std::int64_t{pick(900)});
    c.tokens_from = static_cast<record::tokens_from>(pick(3));
    c.first_byte_ms = maybe(some_time());
    c.first_token_ms = maybe(some_time());
    c.load_ms = maybe(some_time());
    if (c.load_ms && pick(2) == 0) c.queue_ms = c.load_ms;
    c.prompt_eval_ms = maybe(some_time());
    c.eval_ms = maybe(some_time());
    c.cold_start = maybe(pick(6) == 0);
    if (c.cold_start.value_or(false)) c.evicted_model = maybe(models[pick(3)]);
    c.prompt_cut = maybe(pick(9) == 0);
    c.request_bytes = pick(100'000);
    c.response_bytes = pick(100'000);
    c.service_from = static_cast<record::service_source>(pick(record::service_sources));
    const std::string odd = "not 32 digits";
    c.prompt_hash = maybe(
        pick(20) == 0 ? odd : "0123456789abcdef0123456789abcd" + std::to_string(10 + pick(30)));
    c.options = maybe(R"({"num_ctx":)" + std::to_string(4096U << pick(2)) + "}");
    return c;
}

line_journal random_calls::make_journal(int days, int calls) {
    line_journal made;
    for (int d = 0; d < days; ++d) {
        const day date(date_of("2026-11-20").date() + std::chrono::days(d));
        wall_time now = date.date();
        for (int i = 0; i < calls; ++i) {
            now += std::chrono::seconds(pick(600));
            if (pick(100) == 0) now -= std::chrono::hours(1);
            const unsigned part = d % 2 == 1 && i > calls / 2 ? 2 : 1;
            if (pick(50) == 0) made.append_text({date, part}, "{\"v\":1,\"time\":\n");
            made.append({date, part}, make(now));
        }
    }
    return made;
}

namespace {

std::ostream& operator<<(std::ostream& out, const ledger::group& group) {
    return out << group.service << '|' << group.task << '|' << group.model << '|' << group.endpoint;
}
std::ostream& operator<<(std::ostream& out, const ledger::stamp& stamp) {
    return out << stamp.lines << ' ' << to_rfc3339(stamp.changed);
}
std::ostream& operator<<(std::ostream& out, const ledger::sums& s) {
    return out << s.calls << ' ' << s.errors << ' ' << s.client_gone << ' ' << s.prompt_tokens
               << ' ' << s.output_tokens << ' ' << s.estimated_calls << ' ' << s.busy.count() << ' '
               << s.duration.count() << ' ' << s.first_token.count() << ' ' << s.first_token_calls
               << ' ' << s.eval.count() << ' ' << s.eval_tokens << ' ' << s.cold_starts << ' '
               << s.cold_load.count() << ' ' << s.queue.count() << ' ' << s.prompts_cut << ' '
               << s.request_bytes << ' ' << s.response_bytes << ' ' << s.by_source[0] << ' '
               << s.by_source[6];
}

void describe_usage(std::ostream& out, const ledger::ledger& shown) {
    using ledger::resolution;
    for (const auto by : {resolution::whole, resolution::days, resolution::quarter_hours}) {
        ledger::usage_query query;
        query.by = by;
        for (const auto& row : shown.usage(query).value()) {
            out << "usage " << to_rfc3339(row.from) << ' ' << row.date.to_string() << ' '
                << row.group << ' ' << row.sums << '\n';
        }
    }
}

void describe_stamps(std::ostream& out, const ledger::ledger& shown) {
    const auto at = shown.checkpoint();
    out << "checkpoint " << at.segment.date.to_string() << ' ' << at.segment.part << ' '
        << at.offset << ", unreadable " << shown.unreadable_lines() << '\n';
    out << "all " << shown.stamp_of_all() << '\n';
    for (const auto& date : shown.days()) {
        out << date.to_string() << ' ' << shown.stamp_of_day(date) << '\n';
    }
    for (const auto& name : shown.services()) {
        out << name << ' ' << shown.stamp_of_service(name) << '\n';
    }
    for (const auto& name : shown.models()) {
        out << name << ' ' << shown.stamp_of_model(name) << '\n';
    }
}

void describe_swap_counts(std::ostream& out, const ledger::ledger& shown) {
    const auto add = [&](const std::string& of, const ledger::usage_query& query) {
        for (const auto& row : shown.swap_counts(query).value()) {
            out << "swaps " << of << ' ' << row.evicted_model << ' ' << row.loaded_model << ' '
                << row.swaps << '\n';
        }
    };
    add("all", {});
    for (const auto& date : shown.days()) add(date.to_string(), {date, date, {}, {}, {}});
    for (const auto& name : shown.services()) add(name, {{}, {}, name, {}, {}});
}

}  // namespace

std::string describe(const ledger::ledger& shown) {
    constexpr std::size_t all = 1'000'000;
    std::ostringstream out;
    describe_stamps(out, shown);
    describe_usage(out, shown);
    for (const auto& row : shown.cold_starts(all).value()) {
        out << "cold " << to_rfc3339(row.time) << ' ' << row.id.to_string() << ' ' << row.group
            << ' ' << row.waited.count() << ' ' << row.options << ' ' << row.evicted_model << '\n';
    }
    for (const auto& row : shown.swaps(all).value()) {
        out << "swap " << to_rfc3339(row.time) << ' ' << row.id.to_string() << ' '
            << row.evicted_model << ' ' << row.loaded_model << ' ' << row.service << ' ' << row.task
            << ' ' << row.options << ' ' << row.waited.count() << ' ' << row.cause << '\n';
    }
    describe_swap_counts(out, shown);
    for (const auto& row : shown.duplicates({}, all).value()) {
        out << "duplicate " << row.date.to_string() << ' ' << row.group << ' ' << row.prompt_hash
            << ' ' << row.calls << ' ' << row.repeat_busy.count() << ' ' << row.repeat_tokens << ' '
            << to_rfc3339(row.first) << ' ' << to_rfc3339(row.last) << '\n';
    }
    for (const auto& date : shown.days()) {
        for (const auto& row : shown.repetitions(date).value()) {
            out << "repetition " << date.to_string() << ' ' << row.group << ' ' << row.calls << ' '
                << row.repeats << ' ' << row.busy.count() << '\n';
        }
    }
    return out.str();
}

}  // namespace tallyfs::test
