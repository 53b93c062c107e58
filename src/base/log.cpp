#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>

#include <spdlog/sinks/stdout_sinks.h>

namespace tallyfs {

void start_log(const std::string& level) {
    const auto parsed = spdlog::level::from_str(level);
    const bool known = level == "error" || level == "warn" || level == "info" || level == "debug";
    if (!known) {
        throw startup_error(
            "log level \"" + level + "\" is unknown: use error, warn, info or debug", 2);
    }
    auto logger = spdlog::stderr_logger_mt("tallyfs");
    logger->set_level(parsed);
    // systemd reads "<6>" as a priority, but people read this too: plain text it is.
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace tallyfs
