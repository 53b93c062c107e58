#include "audit/logged_statements.hpp"

#include <algorithm>

namespace tallyfs::audit {

void logged_statements::keep(std::string_view session, std::int64_t statement_id,
                             std::int64_t substatement_id, const std::string& text) {
    auto at = sessions_.find(session);
    if (at == sessions_.end()) {
        // A record that refers to an earlier one comes within the same statement: what is dropped
        // here is seldom asked for.
        if (sessions_.size() >= sessions_max) sessions_.clear();
        at = sessions_.emplace(session, statement{}).first;
    }
    auto& kept = at->second;
    if (kept.id != statement_id) {
        kept.id = statement_id;
        kept.newest_last.clear();
    }
    auto& all = kept.newest_last;
    std::erase_if(all, [&](const substatement& each) { return each.id == substatement_id; });
    if (all.size() >= substatements_max) all.erase(all.begin());
    all.push_back({substatement_id, text});
}

std::string logged_statements::find(std::string_view session, std::int64_t statement_id,
                                    std::int64_t substatement_id) const {
    const auto at = sessions_.find(session);
    if (at == sessions_.end() || at->second.id != statement_id) return {};
    const auto& all = at->second.newest_last;
    const auto same = std::ranges::find(all, substatement_id, &substatement::id);
    if (same != all.end()) return same->text;
    return all.empty() ? std::string() : all.back().text;
}

}  // namespace tallyfs::audit
