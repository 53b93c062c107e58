#include <CLI/CLI.hpp>
#include <standin/server.hpp>

#include <csignal>
#include <iostream>
#include <pthread.h>

namespace {

using tallyfs::standin::options;

/// Splits "HOST:PORT"; throws CLI::ValidationError if it is not that.
void read_listen(const std::string& text, options& wanted) {
    const auto colon = text.rfind(':');
    const auto digits = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos ||
        digits.size() > 5 || std::stoul(digits) > 65535) {
        throw CLI::ValidationError("--listen", "expected HOST:PORT, got " + text);
    }
    wanted.host = text.substr(0, colon);
    wanted.port = static_cast<std::uint16_t>(std::stoul(digits));
}

}  // namespace

int main(int argument_count, char** arguments) {
    CLI::App app("A stand-in for Ollama: its routes and its bytes, without a model.");
    options wanted;
    std::string listen = "127.0.0.1:0";
    std::string wishes;
    double memory_gb = 16;
    app.add_option("--listen", listen, "HOST:PORT to listen on; port 0 takes a free one");
    app.add_option("--time-scale", wanted.time_scale,
                   "factor on every wait: 1 is as slow as a real machine, 0 does not wait");
    app.add_option("--memory-gb", memory_gb, "models that do not fit in it evict each other");
    app.add_option("--parallel", wanted.parallel_max, "requests a model works on at once");
    app.add_option("--queue", wanted.queue_max, "requests that may wait for a model");
    app.add_option("--wishes", wishes, "faults for every request, as in an X-Standin header");
    try {
        app.parse(argument_count, arguments);
        read_listen(listen, wanted);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : 2;
    }
    wanted.memory_bytes = static_cast<std::int64_t>(memory_gb * 1e9);
    wanted.record_requests = false;

    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        tallyfs::standin::server server(wanted);
        server.set_wishes(wishes);
        server.start();
        std::cout << "ready " << server.url() << std::endl;
        int received = 0;
        sigwait(&ending, &received);
        server.stop();
    } catch (const std::exception& error) {
        std::cerr << "tallyfs-standin: cannot listen on " << listen << ": " << error.what() << '\n';
        return 1;
    }
    return 0;
}
