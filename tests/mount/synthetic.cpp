#include "synthetic.hpp"

#include <fcntl.h>
#include <future>

namespace tallyfs::test {

queue_views::queue_views() : thread_([this] { run(); }) {
    apart_.start();
}

queue_views::~queue_views() {
    apart_.stop();
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

bool queue_views::post(job work) {
    {
        const std::lock_guard lock(mutex_);
        if (shut_) return false;
        jobs_.push_back(std::move(work));
    }
    changed_.notify_all();
    return true;
}

bool queue_views::post_apart(std::function<void()> work) {
    return apart_.post(std::move(work));
}

void queue_views::pause() {
    const std::lock_guard lock(mutex_);
    paused_ = true;
}

void queue_views::resume() {
    {
        const std::lock_guard lock(mutex_);
        paused_ = false;
    }
    changed_.notify_all();
}

std::size_t queue_views::waiting() const {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
}

void queue_views::shut() {
    std::deque<job> dropped;
    const std::lock_guard lock(mutex_);
    shut_ = true;
    dropped.swap(jobs_);
}

void queue_views::run_there(const std::function<void()>& work) {
    std::promise<void> done;
    static_cast<void>(post([&](bool) {
        work();
        done.set_value();
    }));
    done.get_future().wait();
}

void queue_views::run() {
    for (;;) {
        job next;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ending_ || (!jobs_.empty() && !paused_); });
            if (ending_) return;
            next = std::move(jobs_.front());
            jobs_.pop_front();
        }
        next(current_);
        ++jobs_run_;
    }
}

void changing_directory::set(const std::string& name, std::string bytes) {
    {
        const std::lock_guard lock(mutex_);
        texts_[name] = {++last_version_, std::make_shared<const std::string>(std::move(bytes)),
                        wall_time(std::chrono::seconds(1'700'000'000 + last_version_))};
    }
    views_.next_moment();
}

void changing_directory::remove(const std::string& name) {
    {
        const std::lock_guard lock(mutex_);
        texts_.erase(name);
    }
    views_.next_moment();
}

tree::node changing_directory::node_of(const text& shown) const {
    auto render = [bytes = shown.bytes, count = rendered_] {
        ++*count;
        return *bytes;
    };
    return {tree::text_file{shown.version, std::move(render)}, shown.changed};
}

std::vector<tree::named_node> changing_directory::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<tree::named_node> nodes;
    for (const auto& [name, shown] : texts_) nodes.push_back({name, node_of(shown)});
    return nodes;
}

std::optional<tree::node> changing_directory::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto place = texts_.find(name);
    if (place == texts_.end()) return std::nullopt;
    return node_of(place->second);
}

appended_log::appended_log(queue_views& views, std::filesystem::path path)
    : views_(views),
      path_(std::move(path)),
      file_(open_file(path_, O_WRONLY | O_CREAT | O_APPEND).value()) {}

void appended_log::append(std::string_view line) {
    write_all(file_.get(), line).value();
    *bytes_ += line.size();
    views_.next_moment();
}

void appended_log::close() noexcept {
    closed_ = true;
    views_.next_moment();
}

tree::node appended_log::node() const {
    tree::log_file file;
    file.path = path_;
    file.bytes = [bytes = bytes_] { return bytes->load(); };
    file.closed = closed_;
    return {file, wall_time(std::chrono::seconds(1'700'000'000))};
}

std::string numbered_text(std::size_t bytes, unsigned seed) {
    std::string text;
    text.reserve(bytes + 32);
    for (unsigned line = 0; text.size() < bytes; ++line) {
        text += std::to_string(seed) + ":" + std::to_string(line) + "\n";
    }
    text.resize(bytes);
    return text;
}

}  // namespace tallyfs::test
