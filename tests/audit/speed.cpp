#include "audit/reading.hpp"

#include <ctime>
#include <iostream>

using namespace tallyfs;
using audit::log_format;

// test_audit "[.speed]", of a build with -O2: goal 5 is 8 µs an entry on one core.
TEST_CASE("the time that an entry takes from its bytes to its line", "[.speed]") {
    constexpr int repeats = 300;
    for (const auto& [file, format] : {std::pair{"pg15-full.csv", log_format::csv},
                                       std::pair{"pg15-full.json", log_format::json},
                                       std::pair{"pg15-full.stderr.log", log_format::text}}) {
        const auto once = test::log_fixture(file);
        std::string bytes;
        for (int i = 0; i < repeats; ++i) bytes += once;
        double best = 1e9;
        for (int round = 0; round < 5; ++round) {
            audit::log_reader reader(format, audit::text_prefix(test::fixture_prefix));
            audit::event_maker maker("prod/orders-cl");
            std::string lines;
            std::size_t events = 0;
            const auto began = std::clock();
            const auto take = [&](const audit::log_entry& entry) {
                maker.take(entry, [&](record::audit_event& event) {
                    event.previous = record::no_line_before;
                    lines.clear();
                    append_line(lines, event);
                    ++events;
                });
            };
            for (std::string_view rest = bytes; !rest.empty();) {
                const auto piece = rest.substr(0, 64 * 1024);
                reader.feed(piece, take);
                rest.remove_prefix(piece.size());
            }
            reader.finish(take);
            // Of the processor: other programs run as well.
            const auto taken = 1e6 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
            CHECK(reader.counts().entries >= 65 * repeats);
            CHECK(events >= 64 * repeats);
            best = std::min(best, taken / static_cast<double>(reader.counts().entries));
        }
        std::cout << file << ": " << best << " us an entry\n";
    }
}
