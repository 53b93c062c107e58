#include "postgres/registration_merge.hpp"

#include <tallyfs/health/registration_text.hpp>

#include <map>

namespace tallyfs::postgres {

namespace {

std::string place_of(const health::registration& what) {
    return what.host + ":" + std::to_string(what.port);
}

class merging {
  public:
    explicit merging(const credentials& allowed) : allowed_(allowed) {}

    void add(const health::registration& what) {
        const auto path = what.path();
        const auto there = by_path_.find(path);
        if (there != by_path_.end() && is_same(there->second, what)) return;
        if (auto reason = refusal_of(what, there); !reason.empty()) {
            made_.not_used.push_back({what, std::move(reason)});
            return;
        }
        homes_.try_emplace(what.cluster, what);
        by_path_.emplace(path, what);
    }
    merged_registrations finish() {
        for (auto& [path, what] : by_path_) made_.databases.push_back(std::move(what));
        return std::move(made_);
    }

  private:
    using paths = std::map<std::string, health::registration>;

    /// Two sources that say the same do not contradict each other.
    static bool is_same(health::registration one, const health::registration& other) {
        if (one.source == other.source) return false;
        one.source = other.source;
        return one == other;
    }
    [[nodiscard]] std::string refusal_of(const health::registration& what,
                                         paths::const_iterator there) const {
        if (there != by_path_.end()) {
            const auto& source = there->second.source;
            return source == what.source ? "it is there twice"
                                         : source + " says something else of it, and goes first";
        }
        const auto home = homes_.find(what.cluster);
        if (home != homes_.end() && place_of(home->second) != place_of(what)) {
            return what.cluster.path() + " is at " + place_of(home->second) + " (" +
                   home->second.path() + " in " + home->second.source +
                   "), and a cluster is one server: give this one another name";
        }
        if (by_path_.size() == health::registrations_max) return "there are 5,000 already";
        return allowed_.problem_of(what);
    }

    const credentials& allowed_;
    paths by_path_;
    std::map<health::cluster_id, health::registration> homes_;
    merged_registrations made_;
};

}  // namespace

merged_registrations merge(std::span<const health::registration> said, const credentials& allowed) {
    merging work(allowed);
    for (const auto& one : said) work.add(one);
    return work.finish();
}

std::string sentence_of(const merged_registrations::refused& what) {
    return what.what.source + ": " + what.what.path() + " is not used: " + what.reason;
}

void bound_problems(std::vector<std::string>& problems) {
    if (problems.size() <= problems_max) return;
    const auto more = problems.size() - problems_max;
    problems.resize(problems_max);
    problems.push_back("and " + std::to_string(more) + " more");
}

}  // namespace tallyfs::postgres
