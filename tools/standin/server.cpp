#include "connection.hpp"
#include "session.hpp"
#include "world.hpp"

#include <standin/server.hpp>

#include <future>
#include <thread>

namespace tallyfs::standin {

world::world(options wanted) : settings(std::move(wanted)), runners(*this) {
    for (auto& m : settings.models) {
        m.name = full_name(m.name);
        models.emplace(m.name, m);
    }
}

std::string world::full_name(std::string_view name) {
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    constexpr std::string_view registry = "registry.ollama.ai/library/";
    if (name.starts_with(registry)) name.remove_prefix(registry.size());
    if (name.ends_with(":local")) name.remove_suffix(6);
    std::string out;
    for (const char c : name) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (out.find(':') == std::string::npos) out += ":latest";
    return out;
}

const model* world::find(std::string_view name) const {
    const auto found = models.find(full_name(name));
    return found == models.end() ? nullptr : &found->second;
}

void world::retire(const std::string& full_name) {
    runners.expire(full_name);
    retired.push_back(models.extract(full_name));
}

std::chrono::nanoseconds world::scaled(std::chrono::nanoseconds nominal) const {
    if (settings.time_scale <= 0) return std::chrono::nanoseconds(0);
    return std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(nominal.count()) * settings.time_scale));
}

std::string digest_of(std::string_view name) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::uint64_t state = 14695981039346656037ull;
    for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    std::string out;
    for (int i = 0; i < 64; ++i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out += digits[state & 15];
    }
    return out;
}

std::vector<model> default_models() {
    std::vector<model> models(6);
    models[0].name = "qwen2.5:14b";
    models[0].size_bytes = 9'000'000'000;
    models[1].name = "qwen3:14b";
    models[1].size_bytes = 9'300'000'000;
    models[1].load_time = std::chrono::milliseconds(4200);
    models[1].thinks = true;
    models[2].name = "llama3.2:latest";
    models[2].load_time = std::chrono::milliseconds(1500);
    models[2].output_tokens_per_second = 80;
    models[3].name = "nomic-embed-text:latest";
    models[3].size_bytes = 274'000'000;
    models[3].context_length = 2048;
    models[3].context_length_max = 2048;
    models[3].embedding_length = 768;
    models[3].load_time = std::chrono::milliseconds(300);
    models[3].prompt_tokens_per_second = 4000;
    models[4].name = "tiny:latest";
    models[4].size_bytes = 30'000'000;
    models[4].context_length = 2048;
    models[4].context_length_max = 2048;
    models[4].load_time = std::chrono::milliseconds(250);
    models[4].prompt_tokens_per_second = 10'000;
    models[4].output_tokens_per_second = 1'000;
    models[5].name = "gpt-oss:120b-cloud";
    models[5].size_bytes = 384;
    models[5].context_length = 131072;
    models[5].remote_host = "https://ollama.com:443";
    models[5].remote_model = "gpt-oss:120b";
    models[5].output_tokens_per_second = 120;
    return models;
}

struct server::implementation {
    explicit implementation(options wanted) : settings(std::move(wanted)), port(settings.port) {}

    void listen() {
        using tcp = asio::ip::tcp;
        shared = std::make_unique<world>(settings);
        acceptor = std::make_unique<tcp_acceptor>(shared->context.get_executor());
        const tcp::endpoint where(asio::ip::make_address(settings.host), port);
        acceptor->open(where.protocol());
        acceptor->set_option(tcp::acceptor::reuse_address(true));
        acceptor->bind(where);
        acceptor->listen(4096);
        port = acceptor->local_endpoint().port();
    }

    task<> accept_all() {
        for (;;) {
            error_code error;
            tcp_socket socket(shared->context.get_executor());
            co_await acceptor->async_accept(socket, asio::redirect_error(awaiting, error));
            if (error == asio::error::operation_aborted) co_return;
            if (error) continue;
            auto client = std::make_shared<connection>(std::move(socket), *shared);
            asio::co_spawn(shared->context, run_session(std::move(client), *shared),
                           asio::detached);
        }
    }

    // Runs `work` on the server's thread and waits for it; does nothing when it is stopped.
    template <class Work>
    void on_thread(Work work) {
        if (!thread.joinable()) return;
        std::promise<void> done;
        asio::post(shared->context, [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }

    options settings;
    std::uint16_t port;
    std::string wishes;
    std::unique_ptr<world> shared;
    std::unique_ptr<tcp_acceptor> acceptor;
    std::thread thread;
    counters last;                   ///< of the runs before, added up
    std::vector<seen_request> seen;  ///< of the run before
};

server::server(options settings)
    : implementation_(std::make_unique<implementation>(std::move(settings))) {}

server::~server() {
    stop();
}

void server::start() {
    auto& own = *implementation_;
    if (own.thread.joinable()) return;
    own.listen();
    set_wishes(own.wishes);
    asio::co_spawn(own.shared->context, own.accept_all(), asio::detached);
    own.thread = std::thread([shared = own.shared.get()] { shared->context.run(); });
}

void server::stop() {
    auto& own = *implementation_;
    if (!own.thread.joinable()) return;
    own.on_thread([&] {
        own.acceptor->close();
        for (auto* client : own.shared->connections) client->cut();
    });
    own.last = count();
    own.last.open = 0;
    own.seen = requests();
    own.shared->context.stop();
    own.thread.join();
    own.acceptor.reset();
    own.shared.reset();
}

std::uint16_t server::port() const {
    return implementation_->port;
}

std::string server::url() const {
    return "http://" + implementation_->settings.host + ":" + std::to_string(implementation_->port);
}

counters server::count() const {
    counters all = implementation_->last;
    if (!implementation_->shared) return all;
    const auto& now = implementation_->shared->count;
    all.connections += now.connections;
    all.open += now.open;
    all.requests += now.requests;
    all.inference += now.inference;
    all.generations += now.generations;
    all.completed += now.completed;
    all.aborted += now.aborted;
    all.loads += now.loads;
    all.evictions += now.evictions;
    all.blob_bytes += now.blob_bytes;
    return all;
}

std::vector<seen_request> server::requests() const {
    if (!implementation_->shared) return implementation_->seen;
    std::lock_guard lock(implementation_->shared->seen_mutex);
    std::vector<seen_request> all = implementation_->seen;
    all.insert(all.end(), implementation_->shared->seen.begin(),
               implementation_->shared->seen.end());
    return all;
}

void server::release(std::uint64_t pieces) {
    implementation_->on_thread([&] {
        implementation_->shared->permits += pieces;
        for (auto* client : implementation_->shared->connections) client->timer.cancel();
    });
}

void server::close_idle_connections() {
    implementation_->on_thread([&] {
        for (auto* client : implementation_->shared->connections) {
            if (client->idle) client->cut();
        }
    });
}

void server::set_wishes(const std::string& wishes) {
    auto& own = *implementation_;
    own.wishes = wishes;
    if (!own.shared) return;
    std::lock_guard lock(own.shared->seen_mutex);
    own.shared->wishes_for_all = wishes;
    own.shared->has_wishes = !wishes.empty();
}

}  // namespace tallyfs::standin
