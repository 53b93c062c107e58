// A request put together for tests of who calls.
// Rules: docs/who-called.md.
#pragma once

#include <tallyfs/base/text.hpp>
#include <tallyfs/proxy/caller.hpp>

#include <map>
#include <string>

namespace tallyfs::test {

/// What a client sent, and what is known about its connection. Kept alive by the test.
struct sample_request {
    std::map<std::string, std::string> headers;
    std::optional<std::string> path_service;
    std::optional<std::string> path_task;
    std::string listener_service;
    std::string peer_address = "127.0.0.1";
    std::optional<proxy::local_process> process;

    [[nodiscard]] proxy::caller identified_by(const proxy::caller_rules& rules) const {
        proxy::request_words words;
        words.path_service = path_service;
        words.path_task = path_task;
        words.listener_service = listener_service;
        words.header = [this](std::string_view name) -> std::string_view {
            for (const auto& [key, value] : headers)
                if (equal_ignoring_case(key, name)) return value;
            return {};
        };
        return rules.identify(words, {peer_address, 40000, "127.0.0.1", 11433}, process);
    }
};

inline proxy::local_process sample_process(std::string name, std::string cgroup = "",
                                           std::optional<std::uint32_t> uid = 1000) {
    proxy::local_process process;
    process.uid = uid;
    process.pid = 4711;
    process.name = std::move(name);
    process.cgroup = std::move(cgroup);
    return process;
}

}  // namespace tallyfs::test
