#include "fuse/device.hpp"
#include "fuse/errors.hpp"
#include "fuse/mount_table.hpp"
#include "fuse/operations.hpp"
#include "fuse/workers.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/fuse/mount.hpp>

#include <csignal>

namespace tallyfs::fuse {

namespace {

/// The kernel asks at once; this is for a machine that swaps.
constexpr std::chrono::seconds first_request_max{10};

struct session_deleter {
    void operator()(fuse_session* session) const noexcept { fuse_session_destroy(session); }
};
using session_pointer = std::unique_ptr<fuse_session, session_deleter>;

session_pointer make_session(context& served) {
    std::string name = "tallyfs";
    std::array<char*, 2> arguments{name.data(), nullptr};
    fuse_args options = FUSE_ARGS_INIT(1, arguments.data());
    session_pointer made(
        fuse_session_new(&options, &operations(), sizeof(fuse_lowlevel_ops), &served));
    fuse_opt_free_args(&options);
    if (made == nullptr) throw startup_error("libfuse cannot make a session");
    return made;
}

}  // namespace

class mount::session {
  public:
    session(const mount_options& options, std::shared_ptr<const tree::directory> root,
            tree::view_thread& views);
    ~session();

    void stop();
    void on_ended(std::function<void()> ended);
    [[nodiscard]] context& served() noexcept { return *served_; }

  private:
    void begin(unique_fd device, const mount_options& options);
    void watch();
    void end_threads();
    void list_root();

    const std::filesystem::path path_;
    const std::shared_ptr<context> served_;
    std::uint64_t mount_number_ = 0;
    session_pointer fuse_;
    std::unique_ptr<workers> workers_;

    std::mutex stop_mutex_;  ///< held while stopping: a second caller waits for the first
    bool stopped_ = false;   ///< guarded by stop_mutex_

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::function<void()> ended_;
    std::thread watcher_;
};

mount::session::session(const mount_options& options, std::shared_ptr<const tree::directory> root,
                        tree::view_thread& views)
    : path_(locate(options.mountpoint)),
      served_(std::make_shared<context>(options, std::move(root), views)),
      fuse_(make_session(*served_)) {
    check_mountpoint(path_);
    unique_fd device = open_mounted(path_, options);
    if (const auto there = top_mount(path_)) mount_number_ = there->number;
    try {
        begin(std::move(device), options);
    } catch (...) {
        end_threads();  // no dead mount is left behind
        throw;
    }
    list_root();
}

void mount::session::begin(unique_fd device, const mount_options& options) {
    if (!served_->direct.attach(fuse_.get(), device.get(), options.passthrough)) {
        throw startup_error("libfuse cannot use the mounted device");
    }
    static_cast<void>(device.release());  // the session closes it
    workers_ = std::make_unique<workers>(*served_, fuse_.get());
    workers_->start(std::max(options.workers, 1U));
    served_->sizes.start(fuse_.get());
    if (!workers_->wait_until_ready(first_request_max)) {
        throw startup_error("the kernel does not use the mount at " + path_.string());
    }
    watcher_ = std::thread([this] { watch(); });
}

mount::session::~session() {
    stop();
    if (watcher_.joinable()) watcher_.join();
}

/// The watcher is left to the destructor: it may be in on_ended(), and call this itself.
void mount::session::stop() {
    const std::lock_guard only_one(stop_mutex_);
    if (stopped_) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    end_threads();
    stopped_ = true;
}

/// So that the root has a time before anyone has looked into it.
void mount::session::list_root() {
    static_cast<void>(served_->views.post([weak = std::weak_ptr(served_)](bool) {
        const auto served = weak.lock();
        if (served == nullptr) return;
        const auto working = served->parked.begin_work();
        if (!working) return;
        const auto& root = served->inodes.root();
        wall_time youngest{};
        for (const auto& entry : directory_of(*root)->list()) {
            youngest = std::max(youngest, entry.node.changed);
        }
        root->changed = std::max(youngest, root->changed.load());
    }));
}

/// In this order: a request that unmounting causes, and a READ that a notification waits for,
/// are answered only as long as the workers run.
void mount::session::end_threads() {
    if (const auto failure = unmount_own(path_, mount_number_)) {
        spdlog::error("mount: {} stays mounted: {}", path_.string(), *failure);
    }
    served_->parked.close();
    served_->sizes.stop();
    if (workers_ != nullptr) workers_->stop();
    served_->handles.clear();
    fuse_.reset();  // closes the device: who still has a file open gets ENOTCONN
}

void mount::session::watch() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    workers_->wait_until_ended();
    std::function<void()> ended;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || ended_ != nullptr; });
        if (stopping_) return;
        ended = ended_;
    }
    try {
        ended();
    } catch (...) {
        static_cast<void>(error_of_exception("telling that the mount ended"));
    }
}

void mount::session::on_ended(std::function<void()> ended) {
    {
        const std::lock_guard lock(mutex_);
        ended_ = std::move(ended);
    }
    changed_.notify_all();
}

mount::mount(mount_options options, std::shared_ptr<const tree::directory> root,
             tree::view_thread& views)
    : session_(std::make_unique<session>(options, std::move(root), views)) {}

mount::~mount() = default;

void mount::logs_changed() noexcept {
    session_->served().sizes.hint();
}

void mount::stop() {
    session_->stop();
}

void mount::on_ended(std::function<void()> ended) {
    session_->on_ended(std::move(ended));
}

bool mount::passthrough_active() const noexcept {
    return session_->served().direct.active();
}

}  // namespace tallyfs::fuse
