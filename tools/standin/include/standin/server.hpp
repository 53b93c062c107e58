// A stand-in for Ollama, for tests, benchmarks and the demo: its routes, its bytes, no model.
// Source: Ollama v0.33 as measured on the wire; docs/ollama.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tallyfs::standin {

struct model {
    std::string name;  ///< with a tag, "qwen3:14b"; "x" is "x:latest"
    std::int64_t size_bytes = 2'000'000'000;
    std::int64_t context_length = 4096;         ///< used when a request names no num_ctx
    std::int64_t context_length_max = 131'072;  ///< what it was trained for: more is cut to it
    std::int64_t embedding_length = 16;
    std::chrono::milliseconds load_time{4000};
    double prompt_tokens_per_second = 350;
    double output_tokens_per_second = 31;
    bool thinks = false;      ///< the first two tokens are reasoning, unless think is false
    bool calls_tools = true;  ///< answers a request that has tools with a call of the first one
    std::string remote_host;  ///< set: a cloud model, never loaded here
    std::string remote_model;
};

/// Two 14b models, a small one, an embedder and a cloud model: enough for the demo and most tests.
[[nodiscard]] std::vector<model> default_models();

struct options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one, see server::port()
    std::vector<model> models = default_models();
    std::int64_t memory_bytes = 16'000'000'000;  ///< models that do not fit evict each other
    std::size_t parallel_max = 1;                ///< requests a loaded model works on at once
    std::size_t queue_max = 512;                 ///< more that wait for a load are answered 503
    std::chrono::milliseconds keep_alive{300'000};
    /// Every wait is multiplied by this. 0: no waiting at all; durations are then reported as if
    /// the models had worked at their speed.
    double time_scale = 0;
    bool check_host = true;       ///< Ollama's rule on Host and Origin when bound to loopback
    bool record_requests = true;  ///< keep what came in for server::requests()
    std::string version = "0.33.0";
};

struct counters {
    std::uint64_t connections = 0;  ///< accepted so far
    std::uint64_t open = 0;         ///< connections now
    std::uint64_t requests = 0;     ///< heads read
    std::uint64_t inference = 0;    ///< requests to the ten inference routes
    std::uint64_t generations = 0;  ///< begun: the runner was acquired
    std::uint64_t completed = 0;    ///< generations and embeddings sent to their end
    std::uint64_t aborted = 0;      ///< ended because the client went away
    std::uint64_t loads = 0;
    std::uint64_t evictions = 0;  ///< models put out for another, or for other options
    std::uint64_t blob_bytes = 0;
};

/// A request as it arrived.
struct seen_request {
    std::string method;
    std::string target;
    std::string head;  ///< "Name: value\n" lines as received
    std::string body;  ///< at most the first 1 MiB
};

/// One thread of its own. All functions may be called from any thread, start and stop from one.
///
/// Faults and other wishes are asked for with a request header, several joined by commas
/// (`X-Standin: stall-after=2, chunk-bytes=7`), or for all requests with set_wishes():
///   die-after=N      the connection is cut after N streamed pieces; 0: before any byte
///   stall-after=N    silent after N pieces until the client leaves or release()
///   error-after=N    a mid-stream error as Ollama sends it after N pieces
///   cut-after=N      the answer ends properly after N pieces, but without its terminal event, as
///                    when Ollama itself stops a model that repeats itself
///   gate             every piece waits for a permit: release()
///   chunk-bytes=N    the stream is sent in HTTP chunks of N bytes, whatever its pieces are
///   coalesce         the whole stream is one HTTP chunk and one write
///   tokens=N         the answer has N words and N tokens, and ends with "length"
///   delay-ms=N       nothing is sent for N ms (not scaled)
///   status=N         answered with status N and an error of the route's dialect
///   close            the connection is closed after the reply, unannounced
///   until-close      a reply without length that ends with the connection
///   trailer          a streamed reply ends with a trailer field
class server {
  public:
    explicit server(options settings);
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    /// Stops.
    ~server();

    /// Listens and begins to serve; throws boost::system::system_error if it cannot listen.
    /// After stop() it can be started again and then listens on the same port, with no model
    /// loaded.
    void start();
    /// Cuts every connection and ends the thread. Harmless when not running.
    void stop();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:PORT"
    [[nodiscard]] counters count() const;
    [[nodiscard]] std::vector<seen_request> requests() const;  ///< the last 256

    /// Lets `pieces` gated pieces, and any stall, go on.
    void release(std::uint64_t pieces = 1);
    /// Closes every connection that waits for a request, as a restart of Ollama does.
    void close_idle_connections();
    void set_wishes(const std::string& wishes);

  private:
    struct implementation;  // keeps Asio out of this header
    std::unique_ptr<implementation> implementation_;
};

}  // namespace tallyfs::standin
