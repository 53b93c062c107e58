#include "policy/words.hpp"

#include <tallyfs/base/nearest.hpp>
#include <tallyfs/policy/rules.hpp>

#include <algorithm>
#include <array>

namespace tallyfs::policy {

namespace {

constexpr std::uint8_t flag_cloud = 1;
constexpr std::uint8_t flag_leaves = 2;

void add_condition(std::string& out, std::string_view condition) {
    out += out.empty() ? "" : " and ";
    out += condition;
}

/// "principal uid:1001 and model *-cloud", for a person who was refused.
std::string describe(const rule& r) {
    std::string out;
    const auto named = [&](std::string_view what, const auto& pattern) {
        if (pattern) add_condition(out, std::string(what) + ' ' + pattern->text());
    };
    named("principal", r.principal);
    named("service", r.service);
    named("model", r.model);
    named("endpoint", r.endpoint);
    if (r.cloud) add_condition(out, *r.cloud ? "a cloud model" : "a local model");
    if (r.leaves) add_condition(out, *r.leaves ? "data leaves the house" : "data stays here");
    if (r.prompt_bytes_min) {
        add_condition(out,
                      "a prompt of at least " + std::to_string(*r.prompt_bytes_min) + " bytes");
    }
    if (r.prompt_bytes_max) {
        add_condition(out, "a prompt of at most " + std::to_string(*r.prompt_bytes_max) + " bytes");
    }
    if (r.time) add_condition(out, "this time of day");
    if (r.days != 0x7f) add_condition(out, "this day of the week");
    if (!r.pattern.empty()) add_condition(out, "text that matches " + r.pattern);
    return out.empty() ? "every call" : out;
}

std::string reason_of(const rule& r, std::string_view name) {
    if (name == nothing_leaves) {
        return "nothing leaves the house without a person's permission (policy nothing-leaves)";
    }
    constexpr std::array<std::string_view, 3> begins{"allowed", "denied", "a person is asked"};
    return std::string(begins[static_cast<std::size_t>(r.action)]) + " by policy " +
           std::string(name) + ": " + describe(r);
}

/// Of a window over midnight, the hours after it belong to the day on which it began.
bool holds_now(const rule& r, const request_facts& facts) {
    // Monday is bit 0; ISO numbers it 1.
    unsigned day = facts.weekday.iso_encoding() - 1;
    if (r.time) {
        const int now = facts.minute_of_day;
        const auto [from, to] = *r.time;
        const bool after_midnight = to < from && now < to;
        if (to < from ? now < from && now >= to : now < from || now >= to) return false;
        if (after_midnight) day = (day + 6) % 7;
    }
    return (r.days >> day & 1) != 0;
}

}  // namespace

/// One call on its way through the rules: what is derived from it once, at most.
class rule_set::evaluation {
  public:
    evaluation(const rule_set& rules, const request_facts& facts)
        : rules_(rules),
          facts_(facts),
          principal_(facts.principal),
          model_(rules.looks_at_model_ ? facts.model : std::string_view()),
          flags_(static_cast<std::uint8_t>((facts.cloud ? flag_cloud : 0) |
                                           (facts.leaves() ? flag_leaves : 0))) {}

    /// Whether the rule may match, by what lies side by side in memory for all rules.
    [[nodiscard]] bool may_match(const filter& f) const {
        if (((flags_ ^ f.flags_wanted) & f.flags_mask) != 0) return false;
        if (facts_.prompt_bytes < f.prompt_bytes_min) return false;
        return f.endpoint_size == 0 || f.endpoint_size == facts_.endpoint.size();
    }

    /// From what is cheap to what is dear; the text last.
    [[nodiscard]] bool matches(const named_rule& named) {
        const rule& r = named.rule;
        if (r.prompt_bytes_max && facts_.prompt_bytes > *r.prompt_bytes_max) return false;
        if (r.principal && !r.principal->matches(principal_)) return false;
        if (r.model && !r.model->matches(model_)) return false;
        if (r.endpoint && !r.endpoint->matches(facts_.endpoint)) return false;
        if (r.service && !r.service->matches(facts_.service)) return false;
        if ((r.time || r.days != 0x7f) && !holds_now(r, facts_)) return false;
        return r.pattern.empty() || text_matches(named.pattern_index);
    }

  private:
    [[nodiscard]] bool text_matches(std::size_t pattern) {
        const std::uint64_t bit = std::uint64_t{1} << pattern;
        if ((looked_ & bit) != 0) return (found_ & bit) != 0;
        if (!text_) text_ = facts_.prompt_text ? facts_.prompt_text() : std::string_view();
        looked_ |= bit;
        const bool found = facts_.prompt_is_json
                               ? rules_.patterns_->contains_in_json(pattern, *text_)
                               : rules_.patterns_->contains(pattern, *text_);
        if (found) found_ |= bit;
        return found;
    }

    const rule_set& rules_;
    const request_facts& facts_;
    principal_name principal_;
    model_name model_;
    std::uint8_t flags_;
    std::optional<std::string_view> text_;
    std::uint64_t looked_ = 0;  ///< a bit a pattern
    std::uint64_t found_ = 0;
};

rule_set::rule_set() : patterns_(std::make_shared<const pattern_set>()) {
    rule last;
    last.action = verb::ask;
    last.leaves = true;
    add(std::move(last), std::string(nothing_leaves));
}

void rule_set::add(policy::rule parsed_rule, std::string name) {
    named_rule named{.rule = std::move(parsed_rule), .name = std::move(name), .reason = {}};
    filter quick;
    quick.prompt_bytes_min = named.rule.prompt_bytes_min.value_or(quick.prompt_bytes_min);
    const auto flag = [&](const std::optional<bool>& wanted, std::uint8_t bit) {
        if (!wanted) return;
        quick.flags_mask = static_cast<std::uint8_t>(quick.flags_mask | bit);
        if (*wanted) quick.flags_wanted = static_cast<std::uint8_t>(quick.flags_wanted | bit);
    };
    flag(named.rule.cloud, flag_cloud);
    flag(named.rule.leaves, flag_leaves);
    if (named.rule.endpoint && named.rule.endpoint->is_exact()) {
        quick.endpoint_size = static_cast<std::uint32_t>(named.rule.endpoint->text().size());
    }
    named.reason = reason_of(named.rule, named.name);
    looks_at_text_ = looks_at_text_ || !named.rule.pattern.empty();
    looks_at_principal_ = looks_at_principal_ || named.rule.principal.has_value();
    looks_at_model_ = looks_at_model_ || named.rule.model.has_value();
    for (const auto& warning : named.rule.warnings) {
        warnings_.push_back(named.name + ": " + warning);
    }
    // In front of nothing_leaves, once that is there.
    filters_.insert(filters_.empty() ? filters_.end() : filters_.end() - 1, quick);
    rules_.insert(rules_.empty() ? rules_.end() : rules_.end() - 1, std::move(named));
}

parsed<rule_set> rule_set::build(std::span<const named_text> policies,
                                 std::shared_ptr<const pattern_set> patterns,
                                 std::chrono::seconds hold) {
    rule_set built;
    if (patterns) built.patterns_ = std::move(patterns);
    built.hold_ = std::clamp(hold, std::chrono::seconds(0), hold_max);
    if (policies.size() > rules_max) {
        return error_at({}, "more than " + std::to_string(rules_max) + " policies");
    }
    built.rules_.reserve(policies.size() + 1);
    for (const auto& [name, text] : policies) {
        const auto failed = [&name = name](text_error error) {
            error.name = name;
            return error;
        };
        if (!is_plain_name(name) || name == nothing_leaves) {
            return failed(error_at({}, "no name for a policy"));
        }
        const auto same = [&name = name](const named_rule& other) { return other.name == name; };
        if (std::ranges::any_of(built.rules_, same)) {
            return failed(error_at({}, "a second policy of this name"));
        }
        auto read = parse_rule(text);
        if (!read) return failed(read.error());
        const std::string pattern = read->pattern;
        built.add(std::move(*read), name);
        if (pattern.empty()) continue;
        const auto index = built.patterns_->index_of(pattern);
        if (!index) {
            const word typed{.text = pattern, .column = text.find("pattern=") + 9};
            return failed(error_at(typed, "there is no pattern " + in_quotes(pattern),
                                   tallyfs::nearest(pattern, built.patterns_->names())));
        }
        built.rules_[built.rules_.size() - 2].pattern_index = *index;
    }
    return built;
}

verdict rule_set::answer(const named_rule& decided, const request_facts& facts,
                         const grants& granted) const {
    verdict given{.action = decided.rule.action,
                  .rule = decided.name,
                  .grant = {},
                  .reason = decided.reason,
                  .hold = {}};
    if (given.action != verb::ask) return given;
    if (const grant* permission = granted.find(decided.name, facts)) {
        given.action = verb::allow;
        given.grant = permission->name;
        given.reason =
            "allowed by approval " + permission->name + " until " + to_rfc3339(permission->until);
        return given;
    }
    given.hold = decided.rule.hold.value_or(hold_);
    return given;
}

verdict rule_set::evaluate(const request_facts& facts, const grants& granted) const {
    evaluation call(*this, facts);
    const named_rule* asked_by_label = nullptr;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const named_rule& named = rules_[i];
        if (!call.may_match(filters_[i]) || !call.matches(named)) continue;
        if (named.rule.service && !facts.service_trusted && named.rule.action != verb::deny) {
            if (named.rule.action == verb::ask && asked_by_label == nullptr) {
                asked_by_label = &named;
            }
            continue;
        }
        if (asked_by_label != nullptr && named.rule.action != verb::deny) break;
        return answer(named, facts, granted);
    }
    return asked_by_label != nullptr ? answer(*asked_by_label, facts, granted) : verdict{};
}

}  // namespace tallyfs::policy
