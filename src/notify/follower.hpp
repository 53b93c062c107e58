// Follows the actions from a place of its own, which is kept in a file so that nothing is passed
// over after a restart. Rules: docs/notify.md, "When a target does not answer".
#pragma once

#include "notify/place.hpp"
#include "notify/stopper.hpp"

#include <tallyfs/journal/reader.hpp>
#include <tallyfs/notify/notifier.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

namespace tallyfs::notify {

class follower {
  public:
    /// What became of a line: it meant nothing, it is done with, or the end came before that.
    enum class taken { nothing, done, stopped };

    /// Reads the place that is kept, or begins at the end of the actions. `name` is who is told.
    follower(const notifier::parts& shared, std::string name, std::filesystem::path file);

    /// Hands over each line until stop(). `failed` is told in words what goes wrong here.
    void run(stopper& stop, const std::function<taken(std::string_view line)>& take,
             std::function<void(std::string)> failed);

    /// Of the last action that is done with. Any thread.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// Actions that come after it. Any thread.
    [[nodiscard]] std::uint64_t behind() const;
    [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

  private:
    [[nodiscard]] bool take_all(const journal::batch& lines, const stopper& stop,
                                const std::function<taken(std::string_view line)>& take);
    void keep(const place& done);

    const notifier::parts& shared_;
    const std::filesystem::path file_;
    std::function<void(std::string)> failed_ = [](const std::string&) {};
    place done_;
    std::atomic<std::uint64_t> number_{0};
};

}  // namespace tallyfs::notify
