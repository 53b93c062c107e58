// A proxy between a test and a scripted upstream, with a journal of its own.
// Format of the journal: docs/formats.md, "Segments".
#pragma once

#include "proxy/support_upstream.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/journal/open_calls.hpp>
#include <tallyfs/journal/stream.hpp>
#include <tallyfs/proxy/server.hpp>
#include <tallyfs/record/call.hpp>

#include <cstdio>
#include <fstream>

namespace tallyfs::test {

/// Where the thread that writes to the journal, a proxy thread, is stopped once.
struct stopping_place {
    turnstile arrived;
    turnstile go_on;
};

/// Lets every write to the journal fail while it is told to, or wait once.
class failing_operations final : public journal::file_operations {
  public:
    std::atomic<bool> fail{false};
    std::atomic<stopping_place*> stop{nullptr};
    ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
        if (auto* const place = stop.exchange(nullptr)) {
            place->arrived.open();
            place->go_on.wait();
        }
        if (!fail) return file_operations::write(fd, data, bytes);
        errno = ENOSPC;
        return -1;
    }
};

class proxy_fixture {
  public:
    explicit proxy_fixture(scripted_upstream::script answer,
                           const std::function<void(proxy::server_options&)>& change = {},
                           const state::permissions* permissions = nullptr)
        : upstream(std::move(answer)),
          server(options(change), {calls, open, board, counters, services, settings,
                                   system_clock_source(), permissions}) {
        settings.upstream.set({"127.0.0.1", upstream.port()});
        server.start();
        port = server.ports().front();
    }

    [[nodiscard]] raw_socket connect() const { return raw_socket::connect(port); }

    /// Sends a request on a connection of its own and reads all that comes back.
    [[nodiscard]] std::string ask(std::string_view request) const {
        auto client = connect();
        client.send(request);
        return client.read_to_end();
    }

    /// What stands in the journal's files now.
    [[nodiscard]] std::vector<record::call> lines() const {
        std::vector<record::call> parsed;
        for (const auto& segment : calls.segments()) {
            std::ifstream file(segment.path);
            for (std::string line; std::getline(file, line);) {
                auto call = record::parse_call(line);
                if (!call) throw std::runtime_error("a line cannot be read: " + line);
                parsed.push_back(std::move(*call));
            }
        }
        return parsed;
    }
    /// Waits for that many lines.
    [[nodiscard]] std::vector<record::call> lines(std::size_t count) const {
        eventually([&] { return lines().size() >= count; });
        return lines();
    }

    [[nodiscard]] std::size_t lines_so_far() const { return lines().size(); }
    /// The line behind the one that this gave last, once it is there.
    [[nodiscard]] record::call next_line() {
        std::string line;
        eventually([&] {
            const auto segments = calls.segments();
            std::ifstream file(segments.at(segment_).path);
            file.seekg(at_);
            const bool whole = std::getline(file, line) && !file.eof();
            if (!whole && segment_ + 1 < segments.size()) {
                ++segment_;  // the day has turned
                at_ = 0;
            }
            return whole;
        });
        at_ += static_cast<std::streamoff>(line.size()) + 1;
        return record::parse_call(line).value();
    }

    temporary_directory home;
    failing_operations disk;
    journal::stream calls{home.path() / "calls", system_clock_source(), &disk};
    journal::open_calls open{home.path() / "open-calls", 256};
    state::upstream_board board;
    state::proxy_counters counters;
    state::bounded_names services;
    state::proxy_settings settings;
    scripted_upstream upstream;
    proxy::server server;
    std::uint16_t port = 0;

  private:
    std::size_t segment_ = 0;  // of next_line()
    std::streamoff at_ = 0;

    [[nodiscard]] proxy::server_options options(
        const std::function<void(proxy::server_options&)>& change) const {
        proxy::server_options made;
        made.listeners.front().port = 0;
        made.node = "test";
        made.prompt_hash_key = std::string(32, 'k');
        if (change) change(made);
        return made;
    }
};

/// Whether resident memory says anything: a sanitizer keeps what was freed for a while, and
/// shadows the rest. Says so once where it does not.
[[nodiscard]] inline bool memory_counts() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static const bool said =
        std::puts("skipped: figures of resident memory, under a sanitizer") > 0;
    return !said;
#else
    return true;
#endif
}

/// Memory of this process, the proxy's and the test's, as the kernel counts it.
[[nodiscard]] inline std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    std::size_t resident = 0;
    statm >> pages >> resident;
    return resident * 4096;
}

[[nodiscard]] inline std::string post(std::string_view target, std::string_view body,
                                      std::string_view more_fields = "") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
           std::string(more_fields) + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}
[[nodiscard]] inline std::string sized_reply(std::string_view body,
                                             std::string_view more_fields = "") {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n" +
           std::string(more_fields) + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}
[[nodiscard]] inline std::string chunk(std::string_view data) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + std::string(data) + "\r\n";
}
inline constexpr std::string_view ndjson_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
    "Date: Fri, 20 Nov 2026 07:55:04 GMT\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view sse_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    "Date: Fri, 20 Nov 2026 07:55:04 GMT\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view token_line =
    R"({"model":"tiny","created_at":"2026-11-20T07:55:04.7Z","response":" a","done":false})"
    "\n";
inline constexpr std::string_view last_line =
    R"({"model":"tiny","created_at":"2026-11-20T07:55:05.7Z","response":"","done":true,)"
    R"("done_reason":"stop","total_duration":5539795,"load_duration":773527,)"
    R"("prompt_eval_count":24,"prompt_eval_duration":1012999,"eval_count":4,)"
    R"("eval_duration":2000000})"
    "\n";

}  // namespace tallyfs::test
