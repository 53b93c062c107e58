// What calls may do: the policies and permissions in force, and how a person is asked.
// Meaning: docs/policies.md. Written on the desk, read by the proxy for every call.
#pragma once

#include <tallyfs/policy/rules.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace tallyfs::state {

/// Everything that decides on a call, as of one moment. Immutable.
struct call_rules {
    policy::rule_set rules;
    policy::grants grants;
};

/// A call that a policy wants a person's word for.
struct question {
    std::string rule;         ///< the policy that asks
    std::string principal;    ///< who called, as the caller cannot choose it
    std::string service;      ///< what it calls itself
    std::string model;        ///< "" if the route has none
    std::string endpoint;     ///< of a route that sends data out by itself; "" otherwise
    std::string remote_host;  ///< where the model runs; "" if here
};

/// What came of a question.
struct asked {
    std::string request;  ///< "0042-cloud-model"; "" if none could be opened
    std::string step;     ///< the file for the decision: "steps/1-owner/decision"
    std::string problem;  ///< why there is no request, for the caller
};

/// Any thread.
class permissions {
  public:
    permissions() : current_(std::make_shared<const call_rules>()) {}

    [[nodiscard]] std::shared_ptr<const call_rules> current() const;
    /// Grows with every change; lock-free: who has the rules of this version need not ask again.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    void set_rules(policy::rule_set rules);
    void set_grants(policy::grants grants);

    using answer = std::function<void(asked)>;
    /// How questions are answered. Before the first question.
    void on_question(std::function<void(question, answer)> open) { open_ = std::move(open); }
    /// Opens a request for approval, or finds the one that is open. `done` is called once, on any
    /// thread, also at once.
    void ask(question what, answer done) const;

  private:
    void publish(const std::function<void(call_rules&)>& change);

    std::atomic<std::uint64_t> version_{1};
    mutable std::mutex mutex_;
    std::shared_ptr<const call_rules> current_;
    std::function<void(question, answer)> open_;
};

}  // namespace tallyfs::state
