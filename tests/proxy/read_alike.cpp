// What decides where a call goes is read as Ollama reads it; what cannot be is not passed on.
#include "support/catch.hpp"
#include "support_proxy.hpp"

#include <atomic>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

/// Whatever it is asked for runs here, and it counts what it got but for that question.
struct judged_proxy {
    std::atomic<int> got{0};
    const state::permissions permissions;
    proxy_fixture fixture{[this](const seen_request& request, raw_socket& to) {
                              if (request.first_line().starts_with("POST /api/show")) {
                                  return to.send(sized_reply(R"({"details":{}})"));
                              }
                              ++got;
                              return to.send(sized_reply(R"({"done":true})"));
                          },
                          {},
                          &permissions};

    std::string status_of(const std::string& request) {
        auto client = fixture.connect();
        client.send(request);
        return client.read_reply().substr(9, 3);
    }
};

std::string form(const std::string& query, const std::string& model) {
    const std::string field =
        model.empty()
            ? ""
            : "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n" + model + "\r\n";
    return post("/v1/audio/transcriptions" + query, field + "--b--\r\n",
                "Content-Type: multipart/form-data; boundary=b\r\n");
}

}  // namespace

TEST_CASE("a body that cannot be read is not passed on, because Ollama might read it") {
    judged_proxy f;
    const std::string cloud = R"({"model":"x:cloud","messages":[],"a":1e2147483648})";
    CHECK(f.status_of(post("/api/chat", cloud)) == "400");
    const std::string plain = R"({"model":"x:cloud","messages":[]})";
    CHECK(f.status_of(post("/v1/chat/completions", plain,
                           "Content-Encoding: zstd\r\nConnection: content-encoding\r\n")) == "400");
    CHECK(f.status_of(post("/v1/audio/transcriptions", "--x\r\n\r\n\r\n--x--\r\n",
                           "Content-Type: multipart/form-data; boundary*0=x\r\n")) == "400");
    CHECK(f.got == 0);
    const auto lines = f.fixture.lines(3);
    CHECK(lines[0].outcome == record::outcome::refused);
    // What nobody can read Ollama refuses itself.
    CHECK(f.status_of(post("/api/chat", "")) == "200");
    CHECK(f.status_of(post("/api/chat", "{ this is not JSON")) == "200");
    CHECK(f.status_of(post("/api/chat", R"({"model":"x:cloud",})")) == "200");
    CHECK(f.got == 3);
}

TEST_CASE("a name with blanks for a cloud model waits for a person as well") {
    judged_proxy f;
    for (const char* const name : {"x: cloud", "x:8b-cloud\\t", "\\u00a0x:cloud"}) {
        INFO(name);
        const auto body = R"({"model":")" + std::string(name) + R"(","messages":[]})";
        CHECK(f.status_of(post("/api/chat", body)) == "403");
    }
    CHECK(f.got == 0);
    CHECK(f.status_of(post("/api/chat", R"({"model":"x:8b","messages":[]})")) == "200");
}

TEST_CASE("a transcription's model is that of the query, and may not be two") {
    judged_proxy f;
    CHECK(f.status_of(form("?model=x:cloud", "whisper")) == "400");
    CHECK(f.status_of(form("?mod%65l=x%3Acloud", "")) == "403");
    CHECK(f.got == 0);
    CHECK(f.status_of(form("?model=whisper", "whisper")) == "200");
    CHECK(f.status_of(form("?model=whisper", "")) == "200");
    CHECK(f.status_of(form("", "whisper")) == "200");
    CHECK(f.got == 3);
    for (const auto& line : f.fixture.lines(5)) {
        if (line.outcome == record::outcome::ok) CHECK(line.model == "whisper");
    }
}
