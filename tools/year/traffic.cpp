#include "year/traffic.hpp"

#include <algorithm>
#include <array>

namespace tallyfs::year {

namespace {

using record::outcome;

/// 16 digits of a number.
void put_digits(std::string& text, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 16; ++i, value >>= 4) text[at + i] = "0123456789abcdef"[value & 15];
}

}  // namespace

traffic::traffic(const shape& wanted, int day_number)
    : jobs_(make_jobs(wanted)),
      prompts_(jobs_.size()),
      day_seed_(mixed(wanted.seed ^ static_cast<std::uint64_t>(day_number) << 32)),
      chance_(day_seed_) {
    lines_.reserve(jobs_.size());
    for (const auto& one : jobs_) lines_.push_back(one.line);
    for (auto& line : lines_) line.prompt_hash.emplace(32, '0');
}

void traffic::append(std::string& out, wall_time now) {
    const auto number = choose_job();
    const job& of = jobs_[number];
    record::call& line = lines_[number];
    line.time = now;
    measure(of, line);
    load_sometimes(of, line);
    fail_sometimes(of, line);
    set_prompt(number, line);
    set_id(line);
    record::append_line(out, line);
}

std::size_t traffic::choose_job() {
    const auto lot = chance_.next() % jobs_.back().weight_end;
    const auto found = std::ranges::upper_bound(jobs_, lot, {}, &job::weight_end);
    return static_cast<std::size_t>(found - jobs_.begin());
}

/// A call that goes well: durations as a machine with one graphics card has them.
void traffic::measure(const job& of, record::call& line) {
    const auto micro = [](std::uint64_t count) {
        return record::duration(static_cast<std::int64_t>(count));
    };
    const auto prompt = 20 + chance_.below(of.prompt_tokens_max);
    const auto output = of.embeds ? 0 : 1 + chance_.below(of.output_tokens_max);
    auto port = 30000 + chance_.below(30000);
    for (std::size_t at = line.client.size(); line.client[--at] != ':'; port /= 10) {
        line.client[at] = static_cast<char>('0' + port % 10);
    }
    line.status = 200;
    line.outcome = outcome::ok;
    line.error.reset();
    line.prompt_tokens = prompt;
    line.tokens_from = record::tokens_from::reported;
    line.queue_ms = micro(chance_.once_in(5) ? chance_.below(900'000) : chance_.below(3000));
    line.load_ms = micro(2000 + chance_.below(7000));
    line.cold_start = false;
    line.evicted_model.reset();
    line.prompt_cut = chance_.once_in(200);
    line.request_bytes = prompt * 4 + chance_.below(300);
    if (of.embeds) {
        line.duration_ms = *line.queue_ms + micro(8000 + prompt * 30);
        line.response_bytes = 9000 + chance_.below(400);
        line.first_byte_ms = line.duration_ms;
        return;
    }
    line.output_tokens = output;
    line.prompt_eval_ms = micro(prompt * (900 + chance_.below(400)));
    line.eval_ms = micro(output * (29'000 + std::uint64_t{chance_.below(6000)}));
    line.tokens_per_second = output * 1e6 / static_cast<double>(line.eval_ms->count());
    line.first_token_ms = *line.queue_ms + *line.load_ms + *line.prompt_eval_ms;
    line.duration_ms = *line.first_token_ms + *line.eval_ms;
    line.first_byte_ms = *line.stream ? line.first_token_ms : line.duration_ms;
    line.response_bytes = output * (*line.stream ? 130 : 5) + 300;
}

void traffic::load_sometimes(const job& of, record::call& line) {
    if (!chance_.once_in(50)) return;
    const auto load = record::duration(1'500'000 + chance_.below(9'000'000));
    line.cold_start = true;
    line.load_ms = load;
    line.duration_ms += load;
    *line.first_byte_ms += load;
    if (!of.embeds) *line.first_token_ms += load;
    if (chance_.once_in(2)) return;
    const auto& other = jobs_[chance_.below(static_cast<std::uint32_t>(jobs_.size()))].line.model;
    if (other != line.model) line.evicted_model = other;
}

void traffic::fail_sometimes(const job& of, record::call& line) {
    const auto lot = chance_.below(1000);
    if (lot >= 35) return;
    line.tokens_per_second.reset();
    line.eval_ms.reset();
    line.prompt_eval_ms.reset();
    line.load_ms.reset();
    line.cold_start.reset();
    line.evicted_model.reset();
    line.queue_ms.reset();
    line.tokens_from = record::tokens_from::estimated;
    if (lot < 15) {
        line.outcome = outcome::client_gone;
        return;
    }
    if (lot < 20) {
        line.outcome = outcome::truncated;
        line.error = "upstream closed the connection before the end";
        return;
    }
    line.outcome = lot < 30 ? outcome::upstream_error : outcome::timeout;
    line.status = lot < 30 ? 500 : 504;
    line.error = lot < 30 ? "llama runner process has terminated: exit status 2"
                          : "no answer from upstream in 600 s";
    line.tokens_from = record::tokens_from::none;
    line.prompt_tokens.reset();
    line.output_tokens.reset();
    line.first_token_ms.reset();
    line.response_bytes = 70;
    if (of.embeds) line.output_tokens.reset();
}

/// One prompt in eight is one of the job's last twenty again.
void traffic::set_prompt(std::size_t number, record::call& line) {
    auto& count = prompts_[number];
    const auto again =
        chance_.once_in(8) && count > 0
            ? chance_.below(static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 20)))
            : 0;
    const bool is_new = again == 0;
    if (is_new) ++count;
    const auto seed = day_seed_ ^ (count - again) << 20 ^ number;
    put_digits(*line.prompt_hash, 0, mixed(seed));
    put_digits(*line.prompt_hash, 16, mixed(~seed));
}

/// Version 7, as uuid::make() does, but from the seed.
void traffic::set_id(record::call& line) {
    const auto start = line.time - line.duration_ms;
    const auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(start).time_since_epoch().count());
    auto& bytes = line.id.bytes;
    for (std::size_t i = 0; i < 6; ++i) {
        bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    }
    auto random = chance_.next();
    for (std::size_t i = 6; i < 14; ++i, random >>= 8) bytes[i] = static_cast<std::uint8_t>(random);
    random = chance_.next();
    for (std::size_t i = 14; i < 16; ++i, random >>= 8)
        bytes[i] = static_cast<std::uint8_t>(random);
    bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));
    bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));
}

}  // namespace tallyfs::year
