// A request target: where it goes, and who the base path says is calling. Whatever it is, what is
// forwarded is a path, and escapes do not change where it leads. Format: docs/ollama.md.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/dialect/route.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <dialect/multipart.hpp>
#include <dialect/percent.hpp>

namespace tallyfs::fuzz {

namespace {

std::string escaped(std::string_view path, bool slashes_too) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '/' && !slashes_too) {
            out += c;
        } else {
            (out += '%') += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

void check_label(const std::optional<std::string>& label) {
    if (!label) return;
    require(!label->empty() && label->size() <= limits::label_bytes_max, "labels are bounded");
    require(*label != "." && *label != "..", "a label is no step of a path");
}

void check_split(std::string_view target) {
    const auto split = dialect::split_base_path(target);
    require(split.target.starts_with('/'), "what is forwarded is a path");
    check_label(split.service);
    check_label(split.task);
    require(split.service || !split.task, "a task has a service");
    const auto query = dialect::origin_form(target).find('?');
    if (query != std::string_view::npos)
        require(split.target.ends_with(dialect::origin_form(target).substr(query)),
                "the query is kept");
    if (!split.service) {
        const auto origin = dialect::origin_form(target);
        require(split.target == origin || split.target == "/" + std::string(origin),
                "without a base path a target stays as it is");
    }
}

void check_written_base_path(std::string_view service, std::string_view task) {
    if (service.empty() || service == "." || service == "..") return;
    const bool named_like_a_step = task.empty() || task == "." || task == "..";
    const auto base = "/as/" + escaped(service, true);
    const auto one = dialect::split_base_path(base + "/api/chat?a=b");
    require(one.service && service.starts_with(*one.service) && !one.task &&
                one.target == "/api/chat?a=b",
            "a service in the base path is taken off");
    if (named_like_a_step) return;
    const auto both = dialect::split_base_path(base + "/" + escaped(task, true) + "/v1/messages");
    require(both.service == one.service && both.task && task.starts_with(*both.task) &&
                both.target == "/v1/messages",
            "a task in the base path is taken off");
}

void check_errors(std::string_view message) {
    for (const auto dialect : {dialect::family::native, dialect::family::openai,
                               dialect::family::responses, dialect::family::anthropic}) {
        const auto reply = dialect::make_error(dialect, 400, message);
        error_code error;
        const auto document = boost::json::parse(reply.body, error);
        require(!error && document.is_object(), "an error is a JSON object");
    }
}

}  // namespace

void route(std::string_view input) {
    const auto method = take_until(input, '\n');
    const auto target = take_until(input, '\n');
    const auto found = dialect::classify(method, target);
    require(
        (found.op != dialect::operation::none) == (found.kind == dialect::route_class::inference),
        "inference has an operation");
    require((found.endpoint == "other") == (found.kind == dialect::route_class::other),
            "a route that is not known is called other");
    const auto path = dialect::path_of_target(target);
    if (const auto decoded = dialect::decode_percent(path); decoded && !decoded->empty()) {
        const auto again = dialect::classify(method, escaped(*decoded, false));
        // An escaped path without a leading slash is not looked at as a URL.
        if (decoded->starts_with('/'))
            require(again.endpoint == found.endpoint && again.op == found.op,
                    "escapes do not change where a path leads");
        require(dialect::decode_percent(escaped(*decoded, true)) == decoded,
                "what is escaped is read back");
    }
    check_split(target);
    check_written_base_path(method, target);
    check_errors(input);
    require(dialect::is_cloud_name(target) == dialect::is_cloud_name(std::string(target) + " "),
            "blanks at the end of a model's name do not count");
    (void)dialect::header_parameter(target, "boundary");
}

}  // namespace tallyfs::fuzz
