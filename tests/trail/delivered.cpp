#include "support/catch.hpp"
#include "trail/gzip_bytes.hpp"

#include <tallyfs/trail/delivered.hpp>

#include <openssl/evp.h>

#include <fstream>
#include <iterator>
#include <vector>

using namespace tallyfs;
using namespace tallyfs::trail;
using namespace tallyfs::test;

namespace {

struct unpacked {
    std::vector<std::pair<std::string, std::string>> messages;  // id, message
    delivery made;
    [[nodiscard]] bool complains(const std::string& of) const {
        return made.problem.find(of) != std::string::npos;
    }
};

unpacked unpack(const std::string& body) {
    unpacked all;
    all.made = for_each_message(body, [&](const delivered_message& one) {
        all.messages.emplace_back(one.id, one.message);
    });
    CHECK(all.made.messages == all.messages.size());
    return all;
}

using messages = std::vector<std::pair<std::string, std::string>>;

std::string base64(const std::string& plain) {
    std::string text((plain.size() + 2) / 3 * 4 + 1, '\0');
    ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(plain.data()),
                      static_cast<int>(plain.size()));
    text.pop_back();
    return text;
}

std::string batch(const std::vector<std::string>& records) {
    std::string text = R"({"requestId":"ed4acda5-034f-9f42-bba1-f29aea6d7d8f","timestamp":1,)"
                       R"("records":[)";
    for (const auto& record : records)
        text += (text.back() == '[' ? R"({"data":")" : R"(,{"data":")") + base64(record) + "\"}";
    return text + "]}";
}

const std::string subscription =
    R"({"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/rds/orders","logStream":"s",)"
    R"("subscriptionFilters":["f"],"logEvents":[{"id":"31","timestamp":1,"message":"one\ttab"},)"
    R"({"id":"32","timestamp":2,"message":"two \u00e4 \"q\""}]})";

std::string fixture(const std::string& name) {
    std::ifstream in(std::string(TALLYFS_FIXTURES) + "/pgaudit/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("lines of a log are one message, whatever their format, packed or not") {
    for (const std::string name : {"pg15-full.csv", "pg15-full.json", "pg15-full.stderr.log"}) {
        const auto log = fixture(name);
        REQUIRE(log.size() > 10'000);
        CHECK(unpack(log).messages == messages{{"", log}});
        CHECK(unpack(gzip_bytes(log)).messages == messages{{"", log}});
        CHECK(unpack(log).made.problem.empty());
    }
    const std::string bracket = "[4711] LOG:  checkpoint\n";
    CHECK(unpack(bracket).messages == messages{{"", bracket}});
    CHECK(unpack("{4711} LOG:  x\n").messages == messages{{"", "{4711} LOG:  x\n"}});
    CHECK(unpack("").messages.empty());
    CHECK(unpack("").made.problem.empty());
}

TEST_CASE("a log service's messages are found in every form it has") {
    const messages both{{"31", "one\ttab"}, {"32", "two \u00e4 \"q\""}};
    CHECK(unpack(subscription).messages == both);
    CHECK(unpack(gzip_bytes(subscription)).messages == both);
    const messages ab{{"a", "1"}, {"b", "2"}};
    CHECK(unpack(R"([{"id":"a","message":"1"},{"message":"2","eventId":"b"}])").messages == ab);
    CHECK(unpack("{\"id\":\"a\",\"message\":\"1\"}\n{\"id\":\"b\",\"message\":\"2\"}\n").messages ==
          ab);
    CHECK(unpack(R"({"id":"a","message":"1"}{"id":"b","message":"2"})").messages == ab);
    CHECK(unpack(R"({"searchedLogStreams":[{"message":"no"}],"events":[{"eventId":"a",)"
                 R"("message":"1","more":{"message":"no"}},{"eventId":"b","message":"2"}],)"
                 R"("nextToken":"x"})")
              .messages == ab);
    CHECK(unpack(R"({"records":[{"id":"a","message":"1"},{"id":"b","message":"2"}]})").messages ==
          ab);
    CHECK(unpack(R"({"message":"alone"})").messages == messages{{"", "alone"}});
    CHECK(unpack(R"({"events":[]})").made.problem.empty());
    CHECK(unpack("[]").made.problem.empty());
}

TEST_CASE("a delivery stream's batch is unpacked, and its request is named") {
    const auto line = std::string("2026-11-20 00:00:01.000 UTC,...\n");
    const auto all = unpack(batch({gzip_bytes(subscription), line, subscription}));
    CHECK(all.made.problem.empty());
    CHECK(all.made.request_id == "ed4acda5-034f-9f42-bba1-f29aea6d7d8f");
    REQUIRE(all.messages.size() == 5);
    CHECK(all.messages[1].first == "32");
    CHECK(all.messages[2] == std::pair<std::string, std::string>("", line));
    CHECK(all.messages[4].first == "32");
    CHECK(unpack(batch({})).made.request_id == "ed4acda5-034f-9f42-bba1-f29aea6d7d8f");
    CHECK(unpack(gzip_bytes(batch({line}))).messages.size() == 1);
}

TEST_CASE("what a service asks for a sign of life is no entry of the log") {
    const std::string control =
        R"({"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,)"
        R"("message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]})";
    CHECK(unpack(control).messages.empty());
    CHECK(unpack(batch({control})).made.problem.empty());
    CHECK(unpack(batch({control, subscription})).messages.size() == 2);
    // A log entry with an id can say that too.
    CHECK(unpack(R"([{"id":"7","message":"CWL CONTROL MESSAGE: x"}])").messages.size() == 1);
}

TEST_CASE("base64 is taken in its one form only") {
    const auto data = [](const std::string& text) {
        return unpack(R"({"requestId":"r","records":[{"data":")" + text + "\"}]}");
    };
    CHECK(data("YWI=").messages == messages{{"", "ab"}});
    CHECK(data("YQ==").messages == messages{{"", "a"}});
    CHECK(data("YWJj").messages == messages{{"", "abc"}});
    CHECK(data("").messages.empty());
    for (const std::string bad : {"YWI", "YW=I", "YQ=", "Y===", "====", "YWJj\\n",
                                  " YWI=", "YWI=YWI=", "YR==", "YWJ=", "YW-_", "\u00e4\u00e4"}) {
        CAPTURE(bad);
        CHECK(data(bad).messages.empty());
        CHECK(data(bad).complains("base64"));
    }
}

TEST_CASE("what is broken is said, after what came before it") {
    CHECK(unpack(R"([{"id":"a","message":"1"},{"id":"b",)").messages == messages{{"a", "1"}});
    CHECK(unpack(R"([{"id":"a","message":"1"},{"id":"b",)").complains("is not JSON"));
    CHECK(unpack(R"({"id":"a"})").complains("without a message"));
    CHECK(unpack(R"({"message":{"text":"x"}})").complains("without a message"));
    CHECK(unpack(R"([{"id":"a","message":"1"}] and more)").complains("is not JSON"));
    const auto packed = gzip_bytes(subscription);
    CHECK(unpack(packed.substr(0, packed.size() - 4)).complains("is cut off"));
    CHECK(unpack(gzip_bytes(packed)).complains("more than once"));
    CHECK(unpack(batch({batch({"x"})})).complains("records within records"));
    CHECK(unpack("[{\"a\":" + std::string(100, '[')).complains("is not JSON"));
    CHECK(unpack(R"({"id":"a","message":"1"}{"error_severity":"LOG","message":"x"})")
              .complains("jsonlog"));
}

TEST_CASE("what unpacks to more than fits is cut there, however small it is") {
    const std::string zeros(delivery_bytes_max, 'x');
    const auto bomb = gzip_bytes(zeros + "y", 9);
    REQUIRE(bomb.size() < 100'000);
    CHECK(unpack(bomb).complains("holds more than"));
    CHECK(unpack(gzip_bytes(zeros, 9)).made.problem.empty());
    // Many records share one limit.
    const auto half = gzip_bytes(zeros.substr(0, zeros.size() / 2), 9);
    std::size_t bytes = 0;
    const auto made = for_each_message(batch({half, half, half, half}),
                                       [&](const auto& one) { bytes += one.message.size(); });
    CHECK(made.problem.find("holds more than") != std::string::npos);
    CHECK(bytes <= delivery_bytes_max);
    CHECK(unpack(zeros + "y").complains("has more than"));
}
