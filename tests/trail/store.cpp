#include "trail/store.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/day.hpp>

#include <memory>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

struct stored {
    stored() { zone::use("UTC"); }

    void append(int count) {
        std::vector<record::audit_event> events(static_cast<std::size_t>(count));
        for (auto& one : events) {
            one.kind = "statement";
            one.cluster = "prod/orders-cl";
            one.user = "jd";
            one.logged = clock.wall();
            one.key = "0123456789abcdef";
        }
        CHECK(store->append(events) == events.size());
    }
    void tick() {
        store->tick([] { return false; });
    }
    /// How many events of jd are found; -1 where that cannot be known now.
    [[nodiscard]] int found() const {
        ledger::audit_query query;
        query.user = "jd";
        const auto made = store->find(query, [](auto, auto&) {});
        if (made) return static_cast<int>(made->events);
        CHECK(made.error() == boost::system::errc::resource_unavailable_try_again);
        return -1;
    }

    temporary_directory directory;
    manual_clock clock{wall_time(parse_rfc3339("2026-11-20T10:00:00Z").value())};
    std::unique_ptr<trail::store> store = open();

    [[nodiscard]] std::unique_ptr<trail::store> open() const {
        return std::make_unique<trail::store>(directory.path(), clock,
                                              std::vector<journal::chain_head>());
    }
};

}  // namespace

TEST_CASE("an index that is begun anew while it is used says so until it has the stream again") {
    stored state;
    state.tick();
    state.append(700);
    CHECK(state.found() == 700);
    // As a search does that meets a damaged page.
    REQUIRE(state.store->index().clear());
    CHECK(state.found() == -1);
    SECTION("with nothing new") {
        state.tick();
        CHECK(state.found() == 700);
    }
    SECTION("with the first events of a day, which an empty index takes") {
        state.clock.advance(24h);
        state.append(10);
        CHECK(state.found() == -1);
        state.tick();
        CHECK(state.found() == 710);
        state.append(10);
        CHECK(state.found() == 720);
    }
}

TEST_CASE("after a clean stop everything can be found at once") {
    stored state;
    CHECK(state.found() == 0);
    state.append(700);
    state.store.reset();
    state.store = state.open();
    CHECK(state.found() == 700);
}

TEST_CASE("what can be found has a version") {
    stored state;
    state.tick();
    const auto empty = state.store->changes();
    state.append(1);
    const auto one = state.store->changes();
    CHECK(one != empty);
    state.tick();
    CHECK(state.store->changes() == one);
    state.store->note_deletion();
    CHECK(state.store->changes() != one);
}
