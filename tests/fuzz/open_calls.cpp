// The table of open calls as a crash, or a bad disk, may leave it: what is readable becomes lines
// of the journal, nothing else happens; and what was entered is read back.
// Format: docs/formats.md, "Open calls".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/limits.hpp>
#include <tallyfs/journal/open_calls.hpp>
#include <tallyfs/journal/reader.hpp>

#include <journal/open_calls_layout.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace tallyfs::fuzz {

namespace {

namespace layout = journal::layout;

constexpr std::size_t header_part_bytes = 32;
constexpr std::size_t slot_head_bytes = 64;
constexpr std::size_t slots_max = 8;

/// A file of the right sizes: the input gives the header's fields, then each slot's fields and
/// the beginning of its names.
std::string file_of(std::string_view input) {
    constexpr std::size_t slot_part_bytes = 400;
    std::string file(layout::header_bytes, '\0');
    const bool plausible = take_choice(input, 4) != 0;
    const auto part = input.substr(0, header_part_bytes);
    part.copy(file.data(), part.size());
    input.remove_prefix(part.size());
    std::uint32_t slots = 0;
    for (; !input.empty() && slots < slots_max; ++slots) {
        std::string slot(layout::slot_bytes, '\0');
        const auto bytes = input.substr(0, slot_part_bytes);
        bytes.copy(slot.data(), bytes.size());
        input.remove_prefix(bytes.size());
        if (plausible) {
            slot[0] = 1;
            // The names behind the slot's head, however long they are.
            const std::uint64_t names = bytes.size() - std::min(bytes.size(), slot_head_bytes);
            std::memcpy(slot.data() + 8, &names, sizeof names);
        }
        file += slot;
    }
    if (plausible) {
        std::copy(layout::magic.begin(), layout::magic.end(), file.begin());
        const std::array<std::uint32_t, 4> numbers{
            layout::version, static_cast<std::uint32_t>(layout::slot_bytes), slots, slots};
        std::memcpy(file.data() + layout::magic.size(), numbers.data(), sizeof numbers);
    }
    return file;
}

std::size_t count_lines(const journal::stream& calls) {
    journal::reader reader(calls);
    std::size_t count = 0;
    for (;;) {
        const auto lines = reader.next();
        require(lines.has_value(), "the journal can be read");
        if (lines->text.empty()) return count;
        for (auto text = lines->text; !text.empty(); ++count) {
            const auto call = record::parse_call(take_until(text, '\n'));
            require(call.has_value(), "an interrupted call is a call");
            require(call->outcome == record::outcome::interrupted, "it was interrupted");
        }
    }
}

void check_names(std::string_view bytes) {
    const auto decoded = layout::decode_names(bytes);
    if (!decoded) return;
    constexpr std::size_t half_bytes = (layout::slot_bytes - slot_head_bytes) / 2;
    const auto encoded = layout::encode_names(decoded->so_far, decoded->started, half_bytes);
    require(encoded.size() <= half_bytes, "names fit into half a slot");
    const auto again = layout::decode_names(encoded);
    require(again.has_value(), "what was encoded can be decoded");
    require(layout::encode_names(again->so_far, again->started, half_bytes) == encoded,
            "what was decoded is encoded as it was");
    require(again->so_far.id == decoded->so_far.id && again->started == decoded->started &&
                again->so_far.request_bytes == decoded->so_far.request_bytes &&
                again->so_far.stream == decoded->so_far.stream,
            "numbers are kept");
    for (const auto member : {&record::call::task, &record::call::model, &record::call::prompt_hash,
                              &record::call::process, &record::call::options})
        require(!(again->so_far.*member) || again->so_far.*member == decoded->so_far.*member,
                "a name is kept whole or not at all");
}

}  // namespace

void open_calls(std::string_view input) {
    check_names(input);
    const test::temporary_directory directory;
    const auto path = directory.path() / "open-calls";
    std::ofstream(path, std::ios::binary) << file_of(input);
    const test::manual_clock clock(*parse_rfc3339("2026-11-20T12:00:00Z"));
    journal::stream calls(directory.path() / "calls", clock);
    {
        journal::open_calls table(path, 4);
        require(table.count() == 0, "what was left open is not open");
        const auto appended = table.recover(calls);
        require(appended.has_value(), "recovery needs nothing but a disk");
        require(count_lines(calls) == *appended, "each recovered call has a line");
        record::call call;
        call.id = uuid::make(clock.wall());
        call.service = std::string(input.substr(0, limits::label_bytes_max));
        const auto place = table.enter(call, clock.wall());
        require(static_cast<bool>(place), "there is room for a call");
        const auto open = table.list();
        require(open.size() == 1 && open.front().so_far.id == call.id, "an open call is listed");
    }
    journal::open_calls table(path, 4);
    const auto left = table.recover(calls);
    require(left && *left == 0, "nothing is recovered twice");
}

}  // namespace tallyfs::fuzz
