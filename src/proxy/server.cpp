#include <tallyfs/proxy/server.hpp>

#include <boost/asio/post.hpp>
#include <proxy/listener.hpp>
#include <proxy/watcher.hpp>
#include <proxy/worker.hpp>

namespace tallyfs::proxy {

class server::implementation {
  public:
    implementation(server_options options, const server_parts& parts)
        : context_(std::move(options), parts) {
        const auto threads = std::max(1u, context_.options.threads);
        for (unsigned i = 0; i < threads; ++i) {
            workers_.push_back(std::make_unique<worker>(context_));
        }
        watcher_.emplace(context_, workers_.front()->io());
        context_.watch = &*watcher_;
        for (const auto& listening : context_.options.listeners) {
            listeners_.push_back(
                std::make_unique<listener>(listening, *workers_.front(), workers_));
        }
    }
    ~implementation() {
        stop();
        context_.finder.reset();
    }
    implementation(const implementation&) = delete;
    implementation& operator=(const implementation&) = delete;

    void start() {
        asio::post(workers_.front()->io(), [this] {
            for (const auto& l : listeners_) l->start();
            watcher_->start();
        });
        for (const auto& w : workers_) w->start();
        started_ = true;
    }

    void stop() {
        if (!started_) return;
        started_ = false;
        context_.draining = true;
        asio::post(workers_.front()->io(), [this] {
            for (const auto& l : listeners_) l->stop();
            watcher_->stop();
        });
        for (const auto& w : workers_) w->drain();
        {
            std::unique_lock lock(context_.idle_mutex);
            context_.idle_changed.wait_for(lock, context_.options.drain_max,
                                           [this] { return context_.sessions == 0; });
        }
        for (const auto& w : workers_) w->cut();
        for (const auto& w : workers_) w->finish();
    }

    void look_at_upstream() { watcher_->refresh(); }

    [[nodiscard]] std::vector<std::uint16_t> ports() const {
        std::vector<std::uint16_t> ports;
        ports.reserve(listeners_.size());
        for (const auto& l : listeners_) ports.push_back(l->port());
        return ports;
    }

  private:
    // Destroyed from the last to the first: nothing runs any more by then.
    proxy_context context_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::optional<watcher> watcher_;
    std::vector<std::unique_ptr<listener>> listeners_;
    bool started_ = false;
};

server::server(server_options options, const server_parts& parts)
    : implementation_(std::make_unique<implementation>(std::move(options), parts)) {}

server::~server() = default;

void server::start() {
    implementation_->start();
}

void server::stop() {
    implementation_->stop();
}

void server::look_at_upstream() {
    implementation_->look_at_upstream();
}

std::vector<std::uint16_t> server::ports() const {
    return implementation_->ports();
}

}  // namespace tallyfs::proxy
