#include "support/catch.hpp"

#include <tallyfs/policy/capture.hpp>

using namespace tallyfs::policy;

TEST_CASE("the modes of capture are read as they are written") {
    for (const auto mode : {capture_mode::off, capture_mode::metadata, capture_mode::full}) {
        CHECK(parse_capture_mode(to_string(mode)) == mode);
    }
    for (const std::string_view wrong : {"", "on", "Full", "full ", "metadata\n", "of"}) {
        CHECK_FALSE(parse_capture_mode(wrong));
    }
}
