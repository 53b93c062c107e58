// The load of scripts/bench and the upstream it is answered by, in one thread of one process.
// Says "ready HOST:PORT" with the upstream's address; then a line of JSON on stdin is a command and
// a line of JSON on stdout its result, {"error": …} if it failed. It ends with its input.

#include "requests.hpp"
#include "streams.hpp"
#include "upstream.hpp"

#include <boost/json.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <unistd.h>

namespace {

using namespace tallyfs::bench;
namespace json = boost::json;

std::string text(const json::object& from, std::string_view name) {
    return json::value_to<std::string>(from.at(name));
}

double number(const json::object& from, std::string_view name) {
    return from.at(name).to_number<double>();
}

std::int64_t nanoseconds(const json::object& from) {
    return static_cast<std::int64_t>(number(from, "seconds") * 1e9);
}

/// The share `part` of the values is not above the result.
double percentile_us(std::vector<std::int64_t>& values, double part) {
    if (values.empty()) throw std::runtime_error("nothing was measured");
    const auto index = static_cast<std::size_t>(static_cast<double>(values.size() - 1) * part);
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
    std::nth_element(values.begin(), at, values.end());
    return static_cast<double>(*at) / 1000;
}

/// What every measurement says about its values.
json::object distribution(std::vector<std::int64_t>& values) {
    return {{"count", values.size()},
            {"p50_us", percentile_us(values, 0.5)},
            {"p90_us", percentile_us(values, 0.9)},
            {"p99_us", percentile_us(values, 0.99)},
            {"max_us", percentile_us(values, 1)}};
}

class commands final : public watched {
  public:
    commands() : upstream_(loop_) { loop_.watch(STDIN_FILENO, *this); }

    void run() {
        std::printf("ready 127.0.0.1:%u\n", static_cast<unsigned>(upstream_.port()));
        std::fflush(stdout);
        while (!over_) {
            loop_.turn(-1);
            for (std::size_t end = 0; (end = input_.find('\n')) != std::string::npos;) {
                const auto line = input_.substr(0, end);
                input_.erase(0, end + 1);
                std::puts(answer(line).c_str());
                std::fflush(stdout);
            }
        }
    }

  private:
    void ready(std::uint32_t /*events*/) override {
        char buffer[65536];
        const auto got = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (got > 0) {
            input_.append(buffer, static_cast<std::size_t>(got));
        } else {
            over_ = true;
        }
    }

    std::string answer(const std::string& line) {
        try {
            const auto read = json::parse(line);
            return json::serialize(obey(read.as_object()));
        } catch (const std::exception& error) {
            held_.reset();
            return json::serialize(json::object{{"error", error.what()}});
        }
    }

    json::object obey(const json::object& c) {
        const auto what = text(c, "do");
        if (what == "answer") {
            upstream_.answer(text(c, "request"), text(c, "bytes"));
        } else if (what == "answer-with-stream") {
            upstream_.answer_with_stream(text(c, "request"), text(c, "head"), text(c, "piece"),
                                         text(c, "end"));
        } else if (what == "requests") {
            return requests(c);
        } else if (what == "chunks") {
            open(c);
            auto under_way = held_->measure(number(c, "per_second"), nanoseconds(c));
            release();
            return distribution(under_way);
        } else if (what == "hold") {
            open(c);
        } else if (what == "release") {
            release();
        } else {
            throw std::runtime_error("no such command: " + what);
        }
        return {};
    }

    json::object requests(const json::object& c) {
        requests_wanted wanted;
        wanted.to = parse_address(text(c, "to"));
        wanted.request = text(c, "request");
        wanted.connections = static_cast<std::size_t>(number(c, "connections"));
        wanted.duration_ns = nanoseconds(c);
        wanted.per_second = number(c, "per_second");
        auto made = make_requests(loop_, wanted);
        auto result = distribution(made.answered_in_ns);
        result["calls"] = made.calls;
        result["seconds"] = static_cast<double>(made.duration_ns) / 1e9;
        return result;
    }

    void open(const json::object& c) {
        held_.reset();
        held_.emplace(loop_, upstream_, parse_address(text(c, "to")), text(c, "request"),
                      static_cast<std::size_t>(number(c, "streams")));
    }

    void release() {
        if (!held_) throw std::runtime_error("nothing is held");
        held_->finish();
        held_.reset();
    }

    event_loop loop_;
    upstream upstream_;
    std::optional<stream_clients> held_;
    std::string input_;
    bool over_ = false;
};

/// Thousands of streams need two descriptors each.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    try {
        commands().run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
    return 0;
}
