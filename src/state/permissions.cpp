#include <tallyfs/state/permissions.hpp>

namespace tallyfs::state {

std::shared_ptr<const call_rules> permissions::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

void permissions::publish(const std::function<void(call_rules&)>& change) {
    {
        const std::lock_guard lock(mutex_);
        auto next = std::make_shared<call_rules>(*current_);
        change(*next);
        current_ = std::move(next);
    }
    ++version_;
}

void permissions::set_rules(policy::rule_set rules) {
    publish([&](call_rules& next) { next.rules = std::move(rules); });
}

void permissions::set_grants(policy::grants grants) {
    publish([&](call_rules& next) { next.grants = std::move(grants); });
}

void permissions::ask(question what, answer done) const {
    if (!open_) return done({"", "", "nobody can be asked here"});
    open_(std::move(what), std::move(done));
}

}  // namespace tallyfs::state
