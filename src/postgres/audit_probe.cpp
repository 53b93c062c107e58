#include "postgres/audit_facts.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/uuid.hpp>
#include <tallyfs/postgres/audit_probe.hpp>

#include <sys/eventfd.h>

#include <algorithm>
#include <unistd.h>

namespace tallyfs::postgres {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using steady = std::chrono::steady_clock;

constexpr seconds look_time{15};
constexpr seconds canary_time{10};
/// Changes of a role's settings that are kept; sessions that outlive more began with the oldest.
constexpr std::size_t earlier_max = 16;

failure abandoned() {
    return {"", "it was abandoned", true};
}

}  // namespace

/// A connection that abandon() can end while it is in use.
class audit_probe::borrowed {
  public:
    borrowed(audit_probe& owner, std::unique_ptr<connection> made)
        : owner_(&owner), made_(std::move(made)) {}
    borrowed(borrowed&&) noexcept = default;
    borrowed& operator=(borrowed&&) = delete;
    ~borrowed() {
        if (!made_) return;
        const std::lock_guard lock(owner_->mutex_);
        owner_->in_use_ = nullptr;
    }
    [[nodiscard]] connection& operator*() const noexcept { return *made_; }
    [[nodiscard]] connection* operator->() const noexcept { return made_.get(); }

  private:
    audit_probe* owner_;
    std::unique_ptr<connection> made_;
};

audit_probe::audit_probe() : give_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!give_up_) throw startup_error("eventfd: " + last_system_error().message());
}

audit_probe::~audit_probe() = default;

void audit_probe::abandon() noexcept {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    const std::uint64_t one = 1;
    // It fails only where it is readable already.
    static_cast<void>(::write(give_up_.get(), &one, sizeof one));
    if (in_use_ != nullptr) in_use_->abandon();
}

outcome<audit_probe::borrowed> audit_probe::open(const endpoint& where, steady_time deadline) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady::now());
    if (left <= milliseconds(0)) return failure{"", "no time was left", true};
    {
        const std::lock_guard lock(mutex_);
        if (abandoned_) return abandoned();
    }
    patience limits;
    limits.connect = std::min(milliseconds(4'000), left / 2);
    limits.statement = std::min(milliseconds(2'500), left / 2);
    limits.slack = milliseconds(250);
    auto made = connection::open(where, limits, give_up_.get());
    if (!made) return made.error();
    const std::lock_guard lock(mutex_);
    if (abandoned_) return abandoned();
    in_use_ = made->get();
    return {boost::system::in_place_value, *this, std::move(*made)};
}

outcome<audit::server_facts> audit_probe::look(const endpoint& where, const audit::accounts& who) {
    const auto deadline = steady::now() + look_time;
    audit_facts seen;
    {
        auto on = open(where, deadline);
        if (!on) return on.error();
        auto facts = look_at_audit(**on, who);
        if (!facts) return facts.error();
        seen = std::move(*facts);
        const auto extension = look_at_extension(**on, seen.server.settings);
        if (!extension) return extension.error();
        if (!*extension) seen.server.databases_without_extension.push_back(seen.server.database);
    }
    std::erase_if(seen.databases,
                  [&](const auto& one) { return one.name == seen.server.database; });
    look_at_databases(where, seen.databases, deadline, seen.server);
    remember(seen.server);
    return std::move(seen.server);
}

void audit_probe::look_at_databases(const endpoint& where,
                                    const std::vector<database_to_look_at>& databases,
                                    steady_time deadline, audit::server_facts& into) {
    std::size_t looked_at = 1;  // at the one that we were connected to
    for (const auto& one : databases) {
        const auto leave_out = [&](const std::string& why) {
            into.databases_not_seen.push_back(one.name + ": " + why);
        };
        if (!one.may_connect) {
            leave_out("GRANT CONNECT is missing");
            continue;
        }
        if (++looked_at > databases_max) {
            leave_out("there are more than are looked at");
            continue;
        }
        auto there = where;
        there.database = one.name;
        auto on = open(there, deadline);
        if (!on) {
            leave_out(on.error().what);
            continue;
        }
        const auto extension = look_at_extension(**on, into.settings);
        if (!extension) {
            leave_out(extension.error().what);
        } else if (!*extension) {
            into.databases_without_extension.push_back(one.name);
        }
    }
    std::ranges::sort(into.databases_without_extension);
}

/// Sessions that run keep the settings with which they began: those of before are kept as long as
/// there is such a session.
void audit_probe::remember(audit::server_facts& seen) {
    std::map<std::string, remembered> now;
    std::map<std::string_view, wall_time> oldest;
    for (const auto& session : seen.sessions) {
        auto& began = oldest.try_emplace(session.user, wall_time::max()).first->second;
        began = std::min(began, session.began);
    }
    for (auto& role : seen.roles) {
        if (!role.person) continue;
        auto& kept = now[role.name];
        kept.settings = role.settings;
        const auto before = before_.find(role.name);
        if (before != before_.end()) {
            kept.earlier = std::move(before->second.earlier);
            if (before->second.settings != role.settings) {
                kept.earlier.push_back(
                    {looked_before_, seen.looked, std::move(before->second.settings)});
            }
        }
        const auto first = oldest.find(role.name);
        std::erase_if(kept.earlier, [&](const auto& one) {
            return first == oldest.end() || first->second >= one.until;
        });
        if (kept.earlier.size() > earlier_max) kept.earlier.erase(kept.earlier.begin() + 1);
        role.earlier = kept.earlier;
    }
    before_ = std::move(now);
    looked_before_ = seen.looked;
}

audit::canary audit_probe::send_canary(const endpoint& where) {
    audit::canary made;
    made.mark =
        std::string(audit::canary_prefix) + uuid::make(system_clock_source().wall()).to_string();
    auto on = open(where, steady::now() + canary_time);
    if (!on) {
        made.problem = on.error().what;
        return made;
    }
    // Class FUNCTION, which no look of ours is of; it does nothing and needs no right.
    const auto done = (*on)->read("DO $tallyfs$BEGIN /* " + made.mark + " */ END$tallyfs$");
    made.answered = done.has_value();
    if (!done) made.problem = done.error().what;
    return made;
}

}  // namespace tallyfs::postgres
