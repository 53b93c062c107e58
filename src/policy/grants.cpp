#include <tallyfs/policy/glob.hpp>
#include <tallyfs/policy/grants.hpp>
#include <tallyfs/policy/rules.hpp>

#include <algorithm>

namespace tallyfs::policy {

grants::grants(std::vector<grant> list) : list_(std::move(list)) {
    if (list_.size() <= count_max) return;
    list_.erase(list_.begin(), list_.end() - static_cast<std::ptrdiff_t>(count_max));
}

const grant* grants::find(std::string_view rule, const request_facts& facts) const {
    if (list_.empty()) return nullptr;
    const principal_name principal(facts.principal);
    const model_name model(facts.model);
    const auto answers = [&](const grant& g) {
        if (facts.now >= g.until || (!g.rule.empty() && g.rule != rule)) return false;
        if (g.principal != principal.who() && g.principal != principal.written()) return false;
        if (g.endpoint.empty() ? facts.endpoint_leaves : g.endpoint != facts.endpoint) return false;
        return model_name(g.model).full() == model.full();
    };
    const auto found = std::ranges::find_if(list_, answers);
    return found == list_.end() ? nullptr : &*found;
}

}  // namespace tallyfs::policy
