// A follower of log files in a directory of a test's own, whose time passes when it is told to.
// Used by the tests of follow_files(); not thread-safe.
#pragma once

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"
#include "trail/follow_files.hpp"
#include "trail/log_writer.hpp"

#include <memory>
#include <string>

namespace tallyfs::test {

/// A follower whose time passes only when it is told to.
struct followed {
    temporary_directory folder;
    manual_clock clock{
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())};
    std::unique_ptr<trail::file_follower> source;

    [[nodiscard]] std::filesystem::path path(const std::string& name) const {
        return folder.path() / name;
    }
    void begin(const std::string& pattern, const std::string& place = "", bool oldest = false) {
        source = std::make_unique<trail::file_follower>(
            path(pattern), place, oldest,
            trail::follow_options{&clock, std::chrono::seconds(1), std::chrono::seconds(1)});
    }
    /// What is there now, without a look at the directory that is not due.
    std::string now() {
        std::string text;
        for (int empty = 0; empty < 2;) {
            const auto got = source->next();
            REQUIRE(got.has_value());
            text += got->bytes;
            empty = got->bytes.empty() ? empty + 1 : 0;
        }
        return text;
    }
    /// What is there as time passes.
    std::string later() {
        std::string text;
        for (int i = 0; i < 6; ++i) {
            clock.advance(std::chrono::milliseconds(1100));
            text += now();
        }
        return text;
    }
    [[nodiscard]] bool complains(const std::string& of) const {
        return source->problem().find(of) != std::string::npos;
    }
};

}  // namespace tallyfs::test
