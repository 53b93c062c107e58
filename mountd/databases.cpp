#include "mountd/databases.hpp"

#include <tallyfs/postgres/diagnoses.hpp>
#include <tallyfs/tree/make.hpp>

#include <cerrno>

namespace tallyfs::mountd {

namespace {

using namespace std::chrono_literals;

error_code errno_code(int number) {
    return {number, boost::system::generic_category()};
}

}  // namespace

databases::databases(parts with)
    : parts_(std::move(with)),
      settings_(std::make_shared<postgres::collector_settings>()),
      events_(parts_.state_directory / "journal" / "health", parts_.clock),
      registry_({parts_.given.databases, parts_.actions, parts_.desk, parts_.errors, parts_.clock,
                 parts_.operator_of}),
      history_(parts_.state_directory / "health", parts_.clock),
      schemas_(parts_.state_directory / "schemas"),
      schema_changes_({[this] { return registry_.current(); },
                       [this](const auto& what, bool remedies) {
                           return registry_.endpoint_of(what, remedies);
                       },
                       schemas_, parts_.clock}),
      effects_(board_, parts_.actions, parts_.clock),
      remedies_({board_, [this] { return registry_.current(); },
                 [this](const auto& what, bool remedies) {
                     return registry_.endpoint_of(what, remedies);
                 },
                 [this](const approval::request& what) { effects_.note(what); }}),
      proposals_({board_, [this] { return registry_.current(); }, parts_.clock}),
      collector_(collector_parts(), *settings_) {}

postgres::collector::parts databases::collector_parts() {
    postgres::collector::parts made{parts_.clock, board_, events_, parts_.given.proxy.node,
                                    [this](const health::registration& what, bool remedies) {
                                        return registry_.endpoint_of(what, remedies);
                                    }};
    made.sampled = [this](const auto& server, const auto& sample, const auto& waits) {
        sampled(server, sample, waits);
    };
    made.snapshot_taken = [this](const auto& of, const auto& now, const auto* before) {
        history_.add(of, now, before);
        schemas_.observe(of, now, before);
    };
    made.more_findings = [this](const auto& of, const auto& now) {
        return schemas_.findings(of, now);
    };
    made.request_of = [this](const auto& server, const auto& found) {
        return proposals_.request_of(server, found);
    };
    return made;
}

void databases::sampled(const health::cluster_id& server, const health::sample& sample,
                        const health::wait_profile& waits) {
    std::vector<std::string> watched;
    for (const auto& one : registry_.current()->databases) {
        if (one.active && one.cluster == server) watched.push_back(one.database);
    }
    history_.add(server, watched, sample, waits);
}

std::vector<state::approval_kind> databases::kinds() {
    auto all = remedies_.kinds();
    for (auto& one : schema_changes_.kinds()) all.push_back(std::move(one));
    return all;
}

void databases::replay(const record::action& past) {
    registry_.replay(past);
    effects_.replay(past);
}

void databases::put_in_force() {
    registry_.put_in_force();
}

void databases::on_change(std::function<void()> changed) {
    changed_ = std::move(changed);
    board_.on_change(changed_);
    events_.on_change(changed_);
}

void databases::start() {
    registry_.on_change([this] {
        collector_.update(registry_.current());
        changed_();
    });
    collector_.update(registry_.current());
    registry_.start();
}

void databases::tick(state::approvals& requests) {
    events_.turn_day();
    // What failed is said in the stream's status, and tried again with the next second.
    static_cast<void>(events_.sync());
    proposals_.tick(requests);
    if (parts_.clock.steady() < next_minute_) return;
    next_minute_ = parts_.clock.steady() + 1min;
    if (effects_.tick(requests)) changed_();
    history_.sweep();
}

void databases::stop() {
    registry_.stop();  // first: a look may wait for a command that fetches its password
    collector_.stop();
    remedies_.stop();
    schema_changes_.stop();
    static_cast<void>(events_.sync());
}

health::summary databases::summary() const {
    return health::summary_of(board_.servers());
}

std::optional<views::later_effect> databases::effect_of(std::uint32_t request) const {
    auto found = effects_.find(request);
    if (!found) return std::nullopt;
    return views::later_effect{std::move(found->json), found->changed};
}

void databases::take_snapshot(const tree::user& by, const std::string& path, std::string_view text,
                              const tree::answer& answer) {
    const auto refuse = [this, by, answer](int number, std::string why) {
        parts_.errors.note(by.uid, {number, std::move(why)});
        changed_();
        answer(errno_code(number));
    };
    if (!parts_.operator_of(by)) {
        return refuse(EACCES, "databases/" + path + "/snapshot: uid " + std::to_string(by.uid) +
                                  " may not ask for one; that takes the role operator");
    }
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (text != "now") {
        return refuse(EINVAL, "databases/" + path + "/snapshot: write now, and nothing else");
    }
    collector_.take_snapshot_now(path, [path, answer, refuse](const std::string& problem) {
        if (problem.empty()) return answer({});
        refuse(EIO, "databases/" + path + "/snapshot: " + problem);
    });
}

std::shared_ptr<const tree::directory> databases::directory(
    std::function<wall_time()> now, std::function<bool()> others_may_write) {
    auto made = directory_parts(std::move(now));
    made.others_may_write = std::move(others_may_write);
    return postgres::make_directory(std::move(made));
}

postgres::directory_parts databases::directory_parts(std::function<wall_time()> now) {
    using postgres::shown_database;
    postgres::directory_parts made{board_, now, parts_.clock.wall(), &events_};
    made.problems = [this] { return registry_.current()->problems; };
    made.registering = tree::inbox_directory::parts{
        [this](std::uint32_t uid, std::string_view name) { return registry_.inbox(uid, name); },
        [this](const tree::user& by, std::string name, std::string text, tree::answer answer) {
            registry_.register_new(by, std::move(name), std::move(text), std::move(answer));
        },
        now, &postgres::registry::is_part};
    made.snapshot_now = [this](const tree::user& by, const std::string& path, std::string_view text,
                               const tree::answer& answer) {
        take_snapshot(by, path, text, answer);
    };
    made.ruled_out = [this](const shown_database& of) {
        return postgres::ruled_out_now(*of.server, *of.database, current()->limits);
    };
    made.diagnosis = [this](const shown_database& of) {
        return postgres::supplied_text{of.server->version, [this, of] {
                                           return postgres::diagnosis_now(history_, *of.server,
                                                                          *of.database,
                                                                          current()->limits);
                                       }};
    };
    made.diagnosis_at = [this, now](const shown_database& of, std::string_view minute) {
        return postgres::diagnosis_at(history_, now(), of.server->id, of.database->what.database,
                                      minute, current()->limits);
    };
    const auto schema_file = [this](const shown_database& of, auto text_of) {
        const auto seen = schemas_.find(of.database->what.path());
        const auto taken = seen ? seen->taken : wall_time{};
        return postgres::supplied_text{tree::version_of(taken.time_since_epoch().count()),
                                       [seen, text_of] { return text_of(seen.get()); }};
    };
    made.drift = [schema_file](const shown_database& of) {
        return schema_file(of, postgres::drift_text);
    };
    made.migrations = [schema_file](const shown_database& of) {
        return schema_file(of, postgres::migrations_text);
    };
    made.history = [this](const health::cluster_id& server, const std::string& database) {
        return history_.directory(server, database);
    };
    return made;
}

}  // namespace tallyfs::mountd
