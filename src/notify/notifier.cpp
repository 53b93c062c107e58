#include "notify/callbacks.hpp"
#include "notify/heart.hpp"
#include "notify/worker.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/notify/notifier.hpp>

namespace tallyfs::notify {

class notifier::implementation {
  public:
    explicit implementation(parts given) : parts_(std::move(given)) {
        make_directory();
        for (const auto& to : parts_.given.targets) {
            workers_.push_back(std::make_unique<worker>(parts_, to));
        }
        forget_others();
        if (!parts_.given.callbacks_allowed.empty()) callbacks_.emplace(parts_);
        if (parts_.given.heartbeat) heart_.emplace(parts_, *parts_.given.heartbeat);
    }

    void start() {
        for (const auto& one : workers_) one->start();
        if (callbacks_) callbacks_->start();
        if (heart_) heart_->start();
    }
    void stop() {
        for (const auto& one : workers_) one->stop();
        if (callbacks_) callbacks_->stop();
        if (heart_) heart_->stop();
    }
    void wake() {
        for (const auto& one : workers_) one->wake();
        if (callbacks_) callbacks_->wake();
    }
    [[nodiscard]] std::vector<target_status> targets() const {
        std::vector<target_status> all;
        for (const auto& one : workers_) all.push_back(one->status());
        if (callbacks_) all.push_back(callbacks_->status());
        return all;
    }
    [[nodiscard]] std::optional<target_status> heartbeat() const {
        return heart_ ? std::optional(heart_->status()) : std::nullopt;
    }

  private:
    void make_directory() const {
        std::error_code failure;
        std::filesystem::create_directories(parts_.directory, failure);
        if (failure) {
            throw startup_error("cannot make " + parts_.directory.string() + ": " +
                                failure.message());
        }
    }
    /// A target that comes back after a year is not told the year.
    void forget_others() const {
        std::error_code failure;
        for (const auto& entry : std::filesystem::directory_iterator(parts_.directory, failure)) {
            const bool ours = std::ranges::any_of(
                workers_, [&](const auto& one) { return one->file() == entry.path(); });
            if (ours || entry.path().extension() != ".place") continue;
            std::filesystem::remove(entry.path(), failure);
            spdlog::info("notify: {} is not configured any more, its place is forgotten",
                         entry.path().stem().string());
        }
        if (parts_.given.callbacks_allowed.empty()) {
            std::filesystem::remove(parts_.directory / "callbacks" / "place", failure);
        }
    }

    const parts parts_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::optional<callbacks> callbacks_;
    std::optional<heart> heart_;
};

notifier::notifier(parts given)
    : implementation_(std::make_unique<implementation>(std::move(given))) {}
notifier::~notifier() = default;

void notifier::start() {
    implementation_->start();
}
void notifier::stop() {
    implementation_->stop();
}
void notifier::wake() {
    implementation_->wake();
}
std::vector<target_status> notifier::targets() const {
    return implementation_->targets();
}
std::optional<target_status> notifier::heartbeat() const {
    return implementation_->heartbeat();
}

}  // namespace tallyfs::notify
