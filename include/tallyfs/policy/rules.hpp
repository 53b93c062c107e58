// Policies: ordered rules that allow a call, deny it or ask a person. Pure and deterministic.
// Format: docs/policies.md, "Policies".
#pragma once

#include <tallyfs/policy/glob.hpp>
#include <tallyfs/policy/grants.hpp>
#include <tallyfs/policy/redaction.hpp>
#include <tallyfs/policy/text_error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::policy {

enum class verb : std::uint8_t { allow, deny, ask };
[[nodiscard]] std::string_view to_string(verb value) noexcept;

/// The rule that stands behind all others: what leaves the house is asked for.
inline constexpr std::string_view nothing_leaves = "nothing-leaves";
/// Enough for a rule a model and a caller; evaluation goes through all of them for most calls.
inline constexpr std::size_t rules_max = 500;
/// A call may be held open as long as a person needs to find the telephone.
inline constexpr std::chrono::seconds hold_max{3600};

/// What is known of a call before it is forwarded. The texts must outlive the evaluation only.
struct request_facts {
    std::string_view principal;    ///< what the caller cannot choose
    std::string_view service;      ///< a label; the caller may have chosen it
    bool service_trusted = false;  ///< the configuration vouches for the label
    std::string_view model;        ///< as requested; "" if none
    std::string_view endpoint;     ///< dialect::route::endpoint
    bool cloud = false;            ///< the model runs elsewhere (remote_host, or its name says so)
    bool endpoint_leaves = false;  ///< the route itself sends data out: web routes and tools, push
    std::int64_t prompt_bytes = 0;
    int minute_of_day = 0;                               ///< in the day zone, 0 to 1439
    std::chrono::weekday weekday = std::chrono::Monday;  ///< in the day zone
    wall_time now{};                                     ///< for grants
    /// The text that patterns look at: called at most once, and only if a rule with a pattern is
    /// reached whose other conditions hold. Where it is not set, there is no text.
    std::function<std::string_view()> prompt_text;
    bool prompt_is_json = false;  ///< it is a JSON body: patterns look into its strings

    [[nodiscard]] bool leaves() const noexcept { return cloud || endpoint_leaves; }
};

/// Minutes of a day from `from` up to, not including, `to`; over midnight where `to` is earlier.
struct time_window {
    int from = 0;
    int to = 0;
};

/// One rule as parsed. Conditions that are not set hold for every call.
struct rule {
    verb action = verb::deny;
    std::optional<principal_pattern> principal;
    std::optional<glob> service;
    std::optional<model_pattern> model;
    std::optional<glob> endpoint;
    std::optional<bool> cloud;
    std::optional<bool> leaves;
    std::optional<std::int64_t> prompt_bytes_min;  ///< inclusive
    std::optional<std::int64_t> prompt_bytes_max;  ///< inclusive
    std::optional<time_window> time;
    std::uint8_t days = 0x7f;  ///< bit 0 is Monday; of a window over midnight, the day it begins
    std::string pattern;       ///< a name of the pattern_set; "" for none
    std::optional<std::chrono::seconds> hold;  ///< wait=, for ask only
    std::vector<std::string> warnings;         ///< plain English: what the rule will not do
};

/// The text of one policy. Whether its pattern exists is checked by rule_set::build.
[[nodiscard]] parsed<rule> parse_rule(std::string_view text);

struct verdict {
    verb action = verb::allow;
    std::string rule;             ///< name of the policy that decided; "" if none applied
    std::string grant;            ///< name of the permission that answered an ask; "" if none did
    std::string reason;           ///< plain English, one sentence; without prompt text
    std::chrono::seconds hold{};  ///< how long an ask may hold the call open; 0 not at all
};

/// All policies, in order. Immutable: const members from any thread.
class rule_set {
  public:
    /// No policies: only nothing_leaves.
    rule_set();
    /// In the order given (control/policies sorts by name). `hold` is for asks without wait=.
    /// Fails as a whole with the first error, which carries the policy's name.
    [[nodiscard]] static parsed<rule_set> build(std::span<const named_text> policies,
                                                std::shared_ptr<const pattern_set> patterns,
                                                std::chrono::seconds hold = {});

    /// The first rule that matches decides; without one, what leaves the house is asked for and
    /// everything else allowed. `granted` is consulted for ask only: deny stays deny.
    ///
    /// A label that the caller chose (service without service_trusted) can make a verdict
    /// stricter, never milder: an allow by it does not apply, and an ask by it gives way to a
    /// deny further down.
    [[nodiscard]] verdict evaluate(const request_facts& facts, const grants& granted = {}) const;

    /// "NAME: warning", for what was accepted and will surprise.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    /// Whether any rule looks at the text: else nobody needs to keep it.
    [[nodiscard]] bool looks_at_text() const noexcept { return looks_at_text_; }
    /// Whether any rule is for some principals only.
    [[nodiscard]] bool looks_at_principal() const noexcept { return looks_at_principal_; }
    [[nodiscard]] std::size_t size() const noexcept { return rules_.size() - 1; }
    /// What it was built with; null without any.
    [[nodiscard]] const std::shared_ptr<const pattern_set>& patterns() const noexcept {
        return patterns_;
    }

  private:
    struct named_rule {
        policy::rule rule;
        std::string name;
        std::string reason;
        std::size_t pattern_index = 0;
    };
    /// What sends most rules away, in a place of its own: the rules themselves fill the cache.
    struct filter {
        std::int64_t prompt_bytes_min = std::numeric_limits<std::int64_t>::min();
        std::uint32_t endpoint_size = 0;  ///< of a name without wildcards; else 0
        std::uint8_t flags_wanted = 0;    ///< cloud and leaves as bits
        std::uint8_t flags_mask = 0;      ///< which of them the rule asks for
    };
    class evaluation;

    void add(policy::rule parsed_rule, std::string name);
    [[nodiscard]] verdict answer(const named_rule& decided, const request_facts& facts,
                                 const grants& granted) const;

    std::vector<named_rule> rules_;  ///< the last is nothing_leaves
    std::vector<filter> filters_;    ///< one for each of them
    std::shared_ptr<const pattern_set> patterns_;
    std::chrono::seconds hold_{};
    std::vector<std::string> warnings_;
    bool looks_at_text_ = false;
    bool looks_at_principal_ = false;
    bool looks_at_model_ = false;
};

}  // namespace tallyfs::policy
