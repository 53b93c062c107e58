// A client's connection: one request after the other, until either side has enough.
// Protocol: RFC 9112; what must hold is in docs/architecture.md, "Proxy".
#pragma once

#include <proxy/buffered_socket.hpp>
#include <proxy/message_head.hpp>
#include <proxy/worker.hpp>

#include <memory>
#include <optional>
#include <string>

namespace tallyfs::proxy {

class exchange;

/// Why a connection is cut while a call runs.
enum class cut_reason { none, client_gone, client_stalled, upstream_stalled, cancelled, stopped };

/// A wait that has an end, and what happens then. Kept by the worker's sweep: setting one costs
/// no system call.
struct deadline {
    enum class action { interrupt_read, cut_client, cut_upstream };
    steady_time at = steady_time::max();
    action then = action::interrupt_read;
};

/// Who is at the other end, as the process finder tells it, on the session's thread.
struct process_lookup {
    std::optional<local_process> process;
    bool done = false;
    steady_timer* waiting = nullptr;  ///< cancelled when the answer comes
};

/// Belongs to its worker's thread.
class session {
  public:
    session(worker& w, tcp_socket socket, const listener_facts& listener, bool over_limit);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Serves the connection to its end; nothing is pending when it returns.
    task<> run();

    /// Ends after the call that is running, or now.
    void drain();
    /// Closes both sides; the running call is recorded with this reason.
    void cut(cut_reason why);
    /// From the worker's sweep.
    void tick(steady_time now);

    void set_index(std::size_t index) noexcept { index_ = index; }
    [[nodiscard]] std::size_t index() const noexcept { return index_; }

    // For the exchange that runs.
    [[nodiscard]] worker& owner() noexcept { return worker_; }
    [[nodiscard]] proxy_context& context() noexcept { return worker_.context(); }
    [[nodiscard]] buffered_socket& client() noexcept { return client_; }
    [[nodiscard]] message_head& head() noexcept { return head_; }
    [[nodiscard]] request_parser& parser() noexcept { return *parser_; }
    [[nodiscard]] const connection_ends& ends() const noexcept { return ends_; }
    [[nodiscard]] const std::string& client_text() const noexcept { return client_text_; }
    [[nodiscard]] const listener_facts& listener() const noexcept { return listener_; }
    [[nodiscard]] process_lookup& lookup() noexcept { return *lookup_; }
    [[nodiscard]] bool over_limit() const noexcept { return over_limit_; }
    [[nodiscard]] bool draining() const noexcept;
    [[nodiscard]] cut_reason cut_by() const noexcept { return cut_by_; }
    /// Notices the client's end at once while nobody reads from it.
    void watch_client();
    [[nodiscard]] deadline& reading() noexcept { return reading_; }
    [[nodiscard]] deadline& writing() noexcept { return writing_; }
    [[nodiscard]] steady_time after(std::chrono::seconds wait) const;

    /// Who the last request of the connection came from, as it is recorded: most clients send
    /// the same fields again. Holds as long as both keys do.
    struct known_caller {
        std::string fields;  ///< message_head::fields_text()
        std::optional<std::string> path_service;
        std::optional<std::string> path_task;
        std::optional<caller> found;
    };
    [[nodiscard]] known_caller& last_caller() noexcept { return last_caller_; }

    /// The host that the last request named, if it is one of ours: looking it up parses it.
    [[nodiscard]] std::string& allowed_host() noexcept { return allowed_host_; }

    /// Reused by every exchange of the connection.
    struct buffers {
        message_head response_head;
        std::string request_out;  ///< head for the upstream
        std::string body;         ///< of an inference request
        std::string group;        ///< of the last call's names, known to the context
        std::string next_group;
        std::string model_asked;   ///< the last one that the watcher was told of
        std::string response_out;  ///< what is written to the client in place of raw bytes
    };
    [[nodiscard]] buffers& scratch() noexcept { return scratch_; }

  private:
    enum class head_result { complete, closed, refused };
    void describe_ends();
    void look_up_process();
    void give_back_memory();
    task<> serve();
    task<head_result> read_head();
    task<> refuse_head(int status, std::string_view message);
    task<> linger();
    void check(deadline& d, steady_time now);

    worker& worker_;
    buffered_socket client_;
    const listener_facts& listener_;
    bool over_limit_;
    std::size_t index_ = 0;
    connection_ends ends_;
    std::string client_text_;
    std::shared_ptr<process_lookup> lookup_;  // shared with the finder's answer
    message_head head_;
    std::optional<request_parser> parser_;
    known_caller last_caller_;
    std::string allowed_host_;
    buffers scratch_;
    exchange* running_ = nullptr;
    cut_reason cut_by_ = cut_reason::none;
    bool waiting_for_request_ = false;
    bool linger_ = false;
    deadline reading_;
    deadline writing_;
};

}  // namespace tallyfs::proxy
