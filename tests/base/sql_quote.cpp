#include "support/catch.hpp"

#include <tallyfs/base/sql_quote.hpp>

using namespace tallyfs;

TEST_CASE("names and texts are quoted whatever is in them") {
    CHECK(quoted_identifier("Orders") == "\"Orders\"");
    CHECK(quoted_identifier("a\"b; DROP TABLE c") == "\"a\"\"b; DROP TABLE c\"");
    CHECK(quoted_literal("it's") == "'it''s'");
    CHECK(quoted_literal("a\\'b") == "E'a\\\\''b'");
}
