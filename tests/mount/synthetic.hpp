// A tree to mount in tests: views that run on a real thread, files that change when told to,
// logs that are real files. Interfaces: tallyfs/tree/node.hpp, tallyfs/tree/view_thread.hpp.
#pragma once

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/job_thread.hpp>
#include <tallyfs/tree/node.hpp>
#include <tallyfs/tree/view_thread.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace tallyfs::test {

/// Runs jobs in order on a thread of its own, and what is posted apart on another one.
class queue_views final : public tree::view_thread {
  public:
    queue_views();
    ~queue_views() override;
    [[nodiscard]] bool post(job work) override;
    [[nodiscard]] bool post_apart(std::function<void()> work) override;
    [[nodiscard]] std::uint64_t moment() const noexcept override { return moment_; }

    /// Something changed.
    void next_moment() noexcept { ++moment_; }
    /// What jobs are told from now on.
    void set_current(bool current) noexcept { current_ = current; }
    /// Jobs wait until resume().
    void pause();
    void resume();
    [[nodiscard]] std::size_t waiting() const;
    [[nodiscard]] std::uint64_t jobs_run() const noexcept { return jobs_run_; }
    /// Destroys what waits and refuses what comes.
    void shut();
    /// Runs on the thread, and returns when it has.
    void run_there(const std::function<void()>& work);

  private:
    void run();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<job> jobs_;
    bool paused_ = false;
    bool shut_ = false;
    bool ending_ = false;
    std::atomic<std::uint64_t> moment_{1};
    std::atomic<std::uint64_t> jobs_run_{0};
    std::atomic<bool> current_{true};
    std::thread thread_;
    job_thread apart_{"the thread beside the test's views"};
};

/// Named texts, changed at any time by any thread.
class changing_directory final : public tree::directory {
  public:
    explicit changing_directory(queue_views& views, bool follows = true)
        : views_(views), follows_(follows) {}
    void set(const std::string& name, std::string bytes);
    void remove(const std::string& name);
    [[nodiscard]] std::uint64_t rendered() const noexcept { return *rendered_; }

    [[nodiscard]] std::vector<tree::named_node> list() const override;
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override;
    [[nodiscard]] bool follows_journal() const override { return follows_; }

  private:
    struct text {
        std::uint64_t version;
        std::shared_ptr<const std::string> bytes;
        wall_time changed;
    };
    [[nodiscard]] tree::node node_of(const text& shown) const;

    queue_views& views_;
    const bool follows_;
    std::shared_ptr<std::atomic<std::uint64_t>> rendered_ =
        std::make_shared<std::atomic<std::uint64_t>>(0);
    mutable std::mutex mutex_;
    std::uint64_t last_version_ = 0;
    std::map<std::string, text, std::less<>> texts_;
};

/// A file that is appended to, one line a write(2), and the node that shows it.
class appended_log {
  public:
    appended_log(queue_views& views, std::filesystem::path path);
    /// Returns when the bytes are in the file and counted.
    void append(std::string_view line);
    void close() noexcept;
    [[nodiscard]] tree::node node() const;
    [[nodiscard]] std::uint64_t bytes() const noexcept { return *bytes_; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  private:
    queue_views& views_;
    const std::filesystem::path path_;
    unique_fd file_;
    std::shared_ptr<std::atomic<std::uint64_t>> bytes_ =
        std::make_shared<std::atomic<std::uint64_t>>(0);
    std::atomic<bool> closed_{false};
};

/// Text that is different at every byte, so that a shifted or mixed read is seen.
[[nodiscard]] std::string numbered_text(std::size_t bytes, unsigned seed = 0);

}  // namespace tallyfs::test
