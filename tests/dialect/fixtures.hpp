// Bodies to read: those that Ollama documents, and replies that a real one gave.
// Format: JSON lines, see tests/fixtures/ollama/.
#pragma once

#include <tallyfs/dialect/request.hpp>
#include <tallyfs/dialect/response.hpp>

#include <boost/json.hpp>

#include <fstream>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::test {

inline std::vector<boost::json::object> fixture_lines(const std::string& name) {
    std::ifstream file(std::string(TALLYFS_FIXTURES) + "/ollama/" + name);
    if (!file) throw std::runtime_error("no fixture " + name);
    std::vector<boost::json::object> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(boost::json::parse(line).as_object());
    return lines;
}

inline std::string text_of(const boost::json::object& object, std::string_view key) {
    return std::string(object.at(key).as_string());
}

/// Pieces of a body, one for each way to cut it: whole, byte by byte, at each single position
/// (of short bodies), and at random ones.
inline void for_each_cutting(std::string_view body,
                             const std::function<void(const std::vector<std::string_view>&)>& use) {
    use({body});
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(body.substr(i, 1));
    use(bytes);
    constexpr std::size_t short_bytes = 2500;
    if (body.size() <= short_bytes)
        for (std::size_t i = 1; i < body.size(); ++i) use({body.substr(0, i), body.substr(i)});
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::string_view> pieces;
        for (auto rest = body; !rest.empty();) {
            const auto size = std::uniform_int_distribution<std::size_t>(1, 97)(random);
            pieces.push_back(rest.substr(0, size));
            rest.remove_prefix(pieces.back().size());
        }
        use(pieces);
    }
}

inline dialect::request_report read_request(dialect::operation op,
                                            const std::vector<std::string_view>& pieces,
                                            std::string_view content_type = "application/json",
                                            std::string_view content_encoding = "") {
    dialect::request_reader reader(op, content_type, content_encoding, "a key");
    for (const auto piece : pieces) reader.feed(piece);
    return reader.finish();
}

inline dialect::request_report read_request(dialect::operation op, std::string_view body) {
    return read_request(op, std::vector{body});
}

inline dialect::response_report read_response(dialect::operation op, int status,
                                              std::string_view content_type,
                                              const std::vector<std::string_view>& pieces,
                                              bool finished = true) {
    dialect::response_reader reader(op, status, content_type);
    for (const auto piece : pieces) reader.feed(piece);
    if (finished) reader.finish();
    return reader.report();
}

inline dialect::response_report read_response(dialect::operation op, int status,
                                              std::string_view content_type,
                                              std::string_view body) {
    return read_response(op, status, content_type, std::vector{body});
}

/// A report in one line, to compare all of it and to see what differs.
inline std::string to_line(const dialect::request_report& report) {
    boost::json::array line{report.readable,     report.ambiguous, report.model.value_or("-"),
                            report.stream,       report.lifecycle, report.unload,
                            report.prompt_bytes, report.options,   report.prompt_hash};
    line.push_back(report.include_usage ? boost::json::value(*report.include_usage) : nullptr);
    line.push_back(report.context_length.value_or(-1));
    return boost::json::serialize(line);
}

inline std::string to_line(const dialect::response_report& report) {
    const auto count = [](const auto& value) -> std::int64_t {
        if constexpr (requires { value->count(); })
            return value ? value->count() : -1;
        else
            return value.value_or(-1);
    };
    const boost::json::array line{report.model.value_or("-"),  count(report.prompt_tokens),
                                  count(report.output_tokens), report.content_events,
                                  report.content_bytes,        report.done_reason.value_or("-"),
                                  report.error.value_or("-"),  report.terminal,
                                  count(report.total),         count(report.load),
                                  count(report.prompt_eval),   count(report.eval)};
    return boost::json::serialize(line);
}

}  // namespace tallyfs::test
