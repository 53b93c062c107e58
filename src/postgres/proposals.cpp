#include "postgres/remedy_target.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/postgres/proposals.hpp>

#include <algorithm>

namespace tallyfs::postgres {

namespace {

using approval::entry;

std::string key_of(const health::cluster_id& server, const health::finding& found) {
    return server.path() + "|" + found.key();
}

std::string value_of(const approval::parameters& all, const std::string& name) {
    const auto place = all.find(name);
    return place != all.end() ? place->second : std::string();
}

bool same_effect(const entry& e, const approval::draft& wanted) {
    const auto bare = [](approval::parameters all) {
        all.erase("finding");
        return all;
    };
    return e.request.asked.kind == wanted.kind &&
           bare(e.request.asked.parameters) == bare(wanted.parameters);
}

/// Another database of the same server may be where it runs.
bool is_of_server(const entry& e, const health::cluster_id& server) {
    return value_of(e.request.asked.parameters, "database").starts_with(server.path() + "/");
}

/// Whether people have had their say about it, for now.
bool is_quiet(const entry& e, const health::finding& found, wall_time now) {
    const auto ended = e.ended.value_or(e.changed);
    const bool same_standing = found.since <= e.request.created;
    switch (e.state) {
        case approval::state::failed:
            return now < ended + proposals::quiet_after_failure;
        case approval::state::expired:
            return now < ended + proposals::quiet_after_no;
        case approval::state::rejected:
        case approval::state::withdrawn:
            return same_standing || now < ended + proposals::quiet_after_no;
        default:
            return same_standing;
    }
}

}  // namespace

/// One look at all findings and all requests.
class proposals::pass {
  public:
    pass(proposals& owner, state::approvals& requests)
        : owner_(owner),
          requests_(requests),
          entries_(requests.list()),
          registrations_(owner.parts_.registrations()),
          now_(owner.parts_.clock.wall()) {
        open_ = static_cast<std::size_t>(std::ranges::count_if(entries_, [](const entry& e) {
            return !is_finished(e.state) && e.request.requester.person == principal;
        }));
    }

    void look_at(const health::watched_server& server, const health::standing_finding& standing) {
        const auto& found = standing.finding;
        if (found.remedy.kind.empty()) return;
        auto wanted = draft_of(server, found);
        const entry* quiet = nullptr;
        for (const auto& e : entries_) {
            const bool about_it = is_of_server(e, server.id) &&
                                  value_of(e.request.asked.parameters, "finding") == found.key();
            if (!about_it && !same_effect(e, wanted)) continue;
            if (!is_finished(e.state)) {
                found_[key_of(server.id, found)] = directory_name(e.request);
                return;
            }
            if (about_it && is_quiet(e, found, now_)) quiet = &e;
        }
        const bool may_open = quiet == nullptr && standing.muted_by.empty() && owner_.on_;
        if (may_open && open_ < open_max) open(server.id, found, std::move(wanted));
    }
    [[nodiscard]] std::map<std::string, std::string, std::less<>> take() {
        return std::move(found_);
    }
    /// Why one could not be opened; "" if all could.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

  private:
    [[nodiscard]] static approval::draft draft_of(const health::watched_server& server,
                                                  const health::finding& found) {
        approval::draft wanted;
        wanted.kind = found.remedy.kind;
        wanted.parameters = found.remedy.parameters;
        wanted.parameters["database"] =
            found.database.empty() ? server.id.path() : server.id.path() + "/" + found.database;
        wanted.parameters["finding"] = found.key();
        wanted.reason = found.title + ": " + found.figures_text;
        return wanted;
    }
    void open(const health::cluster_id& server, const health::finding& found,
              approval::draft wanted) {
        // Nobody is asked for what could not be carried out.
        if (!target_of(*registrations_, wanted.parameters["database"]).problem.empty()) return;
        const auto [opened, problem] =
            requests_.open_for_policy(std::move(wanted), std::string(principal));
        if (opened == nullptr) {
            problem_ = server.path() + " " + found.rule + ": " + problem;
            return;
        }
        ++open_;
        entries_.push_back(*opened);
        found_[key_of(server, found)] = directory_name(opened->request);
    }

    proposals& owner_;
    state::approvals& requests_;
    std::vector<entry> entries_;
    const std::shared_ptr<const registered> registrations_;
    const wall_time now_;
    std::size_t open_ = 0;
    std::string problem_;
    std::map<std::string, std::string, std::less<>> found_;
};

state::setting_definition proposals::definition() {
    state::setting_definition made;
    made.name = "remedy_proposals";
    made.meaning = "Whether a request is opened for each remedy of a finding in databases/.";
    made.allowed = "on or off";
    made.default_value = "on";
    made.judge = state::on_or_off();
    made.apply = [this](const std::string&, const std::string* value) {
        on_ = value == nullptr || *value == "on";
    };
    return made;
}

void proposals::tick(state::approvals& requests) {
    const auto now = parts_.clock.steady();
    if (now < next_ && requests.changes() == requests_seen_) return;
    next_ = now + std::chrono::minutes(1);
    pass looks(*this, requests);
    for (const auto& server : parts_.seen.servers()) {
        for (const auto& standing : server->findings) looks.look_at(*server, standing);
    }
    requests_seen_ = requests.changes();
    if (looks.problem() != last_problem_ && !looks.problem().empty()) {
        spdlog::warn("a remedy cannot be proposed: {}", looks.problem());
    }
    last_problem_ = looks.problem();
    const std::lock_guard lock(mutex_);
    requests_ = looks.take();
}

std::string proposals::request_of(const health::cluster_id& server,
                                  const health::finding& found) const {
    const std::lock_guard lock(mutex_);
    const auto place = requests_.find(key_of(server, found));
    return place != requests_.end() ? place->second : std::string();
}

}  // namespace tallyfs::postgres
