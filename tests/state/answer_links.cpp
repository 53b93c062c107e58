// Signed links for answers: read back whole, and never when a bit of them is another one.
#include "support/catch.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/state/answer_links.hpp>

using namespace tallyfs;
using namespace tallyfs::state;

namespace {

answer sample() {
    return {42, 2, "Änna .b", std::string(64, 'e'), *parse_rfc3339("2026-11-21T10:00:00Z")};
}

}  // namespace

TEST_CASE("a keyed digest is that of RFC 4231") {
    CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_sha256_hex(std::string(131, '\xaa'),
                          "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("a signed answer is read as it was made, and is fit for an address") {
    const answer_links links(std::string(32, 'k'));
    const auto text = links.sign(sample());
    auto expected = sample();
    const auto read = links.read(text);
    REQUIRE(read);
    expected.plan = read->plan;
    CHECK(*read == expected);
    CHECK(links.is_about(*read, sample().plan));
    CHECK_FALSE(links.is_about(*read, std::string(64, 'd')));
    CHECK(text.find(sample().plan.substr(0, 8)) == std::string::npos);
    CHECK(text.find_first_not_of("0123456789abcdef.") == std::string::npos);
    CHECK(text.size() < 256);
}

TEST_CASE("an answer that was altered anywhere, or signed with another key, is none") {
    const answer_links links(std::string(32, 'k'));
    const auto text = links.sign(sample());
    CHECK_FALSE(answer_links(std::string(32, 'x')).read(text));
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char other : {'0', '1', 'f', '.', 'G', '\0'}) {
            auto changed = text;
            changed[at] = other;
            if (changed != text) CHECK_FALSE(links.read(changed));
        }
        CHECK_FALSE(links.read(text.substr(0, at)));
        CHECK_FALSE(links.read(text.substr(at + 1)));
    }
    CHECK_FALSE(links.read(text + "0"));
    CHECK_FALSE(links.read(std::string(100'000, '.')));
    auto upper = text;
    for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (upper != text) CHECK_FALSE(links.read(upper));
}
