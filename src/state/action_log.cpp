#include <tallyfs/base/log.hpp>
#include <tallyfs/state/action_log.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace tallyfs::state {

namespace json = boost::json;

/// What comes out of the lines of a start.
class action_log::reading {
  public:
    explicit reading(const std::function<void(const record::action&)>& replay) : replay_(replay) {}

    void take(std::string_view line) {
        const auto read = record::parse_action(line);
        if (!read) {
            ++unreadable;
            return;
        }
        if (read->event == "chain.broken") breaks_recorded = breaks_of(*read);
        replay_(*read);
    }

    std::uint64_t unreadable = 0;
    std::uint64_t breaks_recorded = 0;

  private:
    static std::uint64_t breaks_of(const record::action& action) {
        error_code failure;
        const auto detail = json::parse(action.detail, failure);
        const auto* const count =
            !failure && detail.is_object() ? detail.get_object().if_contains("breaks") : nullptr;
        return count != nullptr && count->is_int64() && count->get_int64() > 0
                   ? static_cast<std::uint64_t>(count->get_int64())
                   : 0;
    }

    const std::function<void(const record::action&)>& replay_;
};

action_log::action_log(journal::stream& lines, std::filesystem::path head_file, std::string node,
                       const std::function<void(const record::action&)>& replay)
    : action_log(lines, std::move(head_file), std::move(node), reading(replay)) {}

action_log::action_log(journal::stream& lines, std::filesystem::path head_file, std::string node,
                       reading&& read)
    : lines_(lines),
      node_(std::move(node)),
      chain_(lines, std::move(head_file), [&read](std::string_view line) { read.take(line); }) {
    if (read.unreadable > 0) {
        spdlog::error("{} lines of the actions cannot be read: `tallyfs verify` says where",
                      read.unreadable);
    }
    const auto& report = chain_.found();
    if (report.breaks_found <= read.breaks_recorded) return;
    const auto& first = report.breaks.front();
    const json::object detail{{"breaks", report.breaks_found},
                              {"file", first.file},
                              {"line", first.line},
                              {"what", first.what}};
    static_cast<void>(record("chain.broken", "actions", {}, json::serialize(detail)));
}

result<record::action> action_log::record(std::string event, std::string subject, record::actor by,
                                          std::string detail) {
    record::action made;
    made.node = node_;
    made.event = std::move(event);
    made.subject = std::move(subject);
    made.actor = std::move(by);
    made.detail = std::move(detail);
    const auto appended = chain_.append(
        [&](std::string& out, wall_time now, std::uint64_t number, std::string_view previous) {
            made.time = now;
            made.number = number;
            made.previous = previous;
            append_line(out, made);
        });
    if (!appended) {
        spdlog::error("{} of {} cannot be recorded: {}", made.event, made.subject,
                      appended.error().message());
        return appended.error();
    }
    if (!appended->durable) {
        spdlog::error("action {} is recorded, but the disk does not confirm it", made.number);
    }
    return made;
}

}  // namespace tallyfs::state
