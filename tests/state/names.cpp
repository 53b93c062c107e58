#include "support/catch.hpp"

#include <tallyfs/state/names.hpp>
#include <tallyfs/state/upstream.hpp>

using namespace tallyfs;

TEST_CASE("names beyond the limit share one name, known ones keep theirs") {
    state::bounded_names names(3);
    names.know("old");
    CHECK(names.admit("a") == "a");
    CHECK(names.admit("b") == "b");
    CHECK(names.admit("c") == "(other)");
    CHECK(names.admit("a") == "a");
    CHECK(names.admit("old") == "old");
    CHECK(names.admit("(other)") == "(other)");
}

TEST_CASE("the board shows the status that was published last") {
    state::upstream_board board;
    CHECK_FALSE(board.current()->reachable);
    auto next = std::make_shared<state::upstream_status>();
    next->reachable = true;
    board.publish(next);
    CHECK(board.current()->reachable);
}
