// A registry with all that it stands on, for the tests of it.
// What it does: tallyfs/postgres/registry.hpp.
#pragma once

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/journal/stream.hpp>
#include <tallyfs/postgres/registry.hpp>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <unistd.h>

namespace tallyfs::test {

inline const std::string columns = "env,cluster,database,host,port,credential\n";
inline constexpr std::uint32_t anna = 1000;  // an operator
inline constexpr std::uint32_t carl = 1001;  // is none

inline health::registration database(const std::string& cluster, const std::string& name,
                                     const std::string& host = "10.2.4.10") {
    health::registration made;
    made.cluster = {"prod", cluster};
    made.database = name;
    made.host = host;
    made.credential = "monitor";
    made.source = "tallyfs.toml";
    return made;
}

inline postgres::credential monitor(std::vector<std::string> hosts = {"10.2.4.10", "10.2.4.11"}) {
    postgres::credential made;
    made.name = "monitor";
    made.role = "tallyfs";
    made.hosts = std::move(hosts);
    return made;
}

/// What a registry stands on, in a directory that a second one can be started in.
struct office {
    explicit office(const std::filesystem::path& folder, postgres::registry_options given)
        : lines(folder / "actions", clock),
          actions(lines, folder / "head", "host",
                  [this](const record::action& one) { past.push_back(one); }),
          registry({std::move(given), actions, desk, errors, clock, [](const tree::user& user) {
                        return user.uid == anna ? std::optional(record::actor{"anna", "uid", anna})
                                                : std::nullopt;
                    }}) {
        registry.on_change([this] { ++changes; });
        for (const auto& one : past) registry.replay(one);
        registry.put_in_force();
        desk.start();
    }
    ~office() { desk.stop(); }

    int write(const std::string& text, std::uint32_t uid = anna, const std::string& name = "mine") {
        std::promise<int> answered;
        registry.register_new({uid, {}}, name, text,
                              [&](const error_code& code) { answered.set_value(code.value()); });
        return answered.get_future().get();
    }
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> all;
        for (const auto& one : registry.current()->databases) all.push_back(one.path());
        return all;
    }
    [[nodiscard]] std::string problems() const {
        std::string all;
        for (const auto& one : registry.current()->problems) all += one + "\n";
        return all;
    }
    [[nodiscard]] std::string inbox(const std::string& name = "mine") const {
        return registry.inbox(anna, name).value_or("(none)");
    }
    /// Waits for the check that follows a registration.
    [[nodiscard]] std::string found(const std::string& name = "mine") const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
        while (inbox(name).find("is being looked at") != std::string::npos &&
               std::chrono::steady_clock::now() < deadline)
            ::usleep(1'000);
        return inbox(name);
    }

    manual_clock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    std::atomic<int> changes{0};
    std::vector<record::action> past;
    journal::stream lines;
    state::action_log actions;
    state::desk desk;
    state::last_errors errors;
    postgres::registry registry;
};

inline void put(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file) << text;
}

inline bool says(const std::string& text, const std::string& part) {
    INFO(text);
    const bool there = text.find(part) != std::string::npos;
    CHECK(there);
    return there;
}

using names = std::vector<std::string>;

}  // namespace tallyfs::test
