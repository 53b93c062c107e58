// An office for tests of remedies without a server: what is seen is put on the board by hand, the
// clock is set by hand, and what is approved is done at once. Requests: docs/approvals.md.
#pragma once

#include "postgres/connection.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/postgres/proposals.hpp>
#include <tallyfs/postgres/remedies.hpp>
#include <tallyfs/postgres/remedy_effects.hpp>

#include <future>

namespace tallyfs::test {

/// One run of a daemon over the directory of the run before, with a clock that is set by hand.
class remedy_office {
  public:
    remedy_office(const std::filesystem::path& folder, manual_clock& clock)
        : clock_(clock),
          people_({person()}),
          lines_(folder / "actions", clock_),
          actions_(lines_, folder / "head", "host",
                   [this](const record::action& past) { past_.push_back(past); }),
          effects(seen, actions_, clock_),
          remedies_({seen, [this] { return registrations(); },
                     [](const health::registration&, bool) {
                         return boost::system::result<postgres::endpoint, postgres::failure>(
                             postgres::failure{"", "there is no server in this test"});
                     }}),
          approvals_({people_, chains_, kinds(), actions_, desk_, errors_, clock_, [] {}}),
          proposals_({seen, [this] { return registrations(); }, clock_}) {
        for (const auto& past : past_) {
            approvals_.replay(past);
            effects.replay(past);
        }
        what.cluster = {"prod", "orders-cl"};
        what.database = "app";
        what.host = "db";
        what.credential = "monitor";
        what.remedies_credential = "mender";
        desk_.start();
        on_desk([this] { approvals_.settle(); });
    }
    ~remedy_office() {
        remedies_.stop();
        desk_.stop();
    }

    template <class Work>
    void on_desk(Work work) {
        std::promise<void> promise;
        REQUIRE(desk_.post([&] {
            work();
            promise.set_value();
        }));
        promise.get_future().get();
    }
    /// A minute later.
    void propose() {
        clock_.advance(std::chrono::minutes(1));
        on_desk([this] {
            approvals_.tick();
            proposals_.tick(approvals_);
        });
    }
    void measure() {
        on_desk([this] { effects.tick(approvals_); });
    }
    int say(std::uint32_t number, const std::string& words) {
        std::promise<int> promise;
        approvals_.decide({uid, {}}, number, 1, words + "\n",
                          [&](const error_code& error) { promise.set_value(error.value()); });
        return promise.get_future().get();
    }
    void show(std::int64_t dead_rows) {
        health::watched_server now;
        now.id = what.cluster;
        auto sample = std::make_shared<health::sample>();
        sample->taken = clock_.wall();
        now.sample = sample;
        auto full = std::make_shared<health::snapshot>();
        full->taken = clock_.wall();
        for (const auto& standing : findings) {
            health::table one;
            one.schema = "public";
            one.name = standing.finding.subject;
            one.dead_rows = dead_rows;
            full->tables.push_back(one);
        }
        now.databases = {{what, {}, full, nullptr, {}}};
        if (dead_rows > 0) now.findings = findings;
        seen.publish(now);
    }
    health::standing_finding& find(const std::string& table) {
        health::standing_finding one;
        one.finding.rule = "dead_ratio";
        one.finding.database = "app";
        one.finding.subject = table;
        one.finding.title = "dead rows";
        one.finding.figures_text = "124M dead of 747M (16.6%)";
        one.finding.figures = {{"dead_rows", 124e6}};
        one.finding.since = clock_.wall();
        one.finding.remedy = {"vacuum it", "pg-vacuum", {{"table", "public." + table}}, "", ""};
        findings.push_back(one);
        return findings.back();
    }
    [[nodiscard]] std::vector<approval::entry> all() const { return approvals_.list(); }
    [[nodiscard]] std::string request_of(std::size_t finding) const {
        return proposals_.request_of(what.cluster, findings[finding].finding);
    }
    state::setting_definition setting() { return proposals_.definition(); }

  private:
    [[nodiscard]] std::shared_ptr<const postgres::registered> registrations() const {
        auto made = std::make_shared<postgres::registered>();
        made->databases = {what};
        return made;
    }
    /// Carried out without a server: what they ask for is done at once.
    std::vector<state::approval_kind> kinds() {
        auto made = remedies_.kinds();
        for (auto& kind : made) {
            kind.begin = [this](const approval::request& which, const auto& ended) {
                effects.note(which);
                ended({works, works ? "vacuumed" : "no lock"});
            };
        }
        return made;
    }
    static approval::person person() {
        approval::person made;
        made.name = "anna";
        made.uid = uid;
        made.roles = {"owner"};
        return made;
    }

    static constexpr std::uint32_t uid = 1001;

    manual_clock& clock_;
    approval::people people_;
    approval::chains chains_;
    journal::stream lines_;
    std::vector<record::action> past_;
    state::action_log actions_;
    state::desk desk_;
    state::last_errors errors_;

  public:
    bool works = true;
    postgres::board seen;
    postgres::remedy_effects effects;
    health::registration what;
    std::vector<health::standing_finding> findings;

  private:
    postgres::remedies remedies_;
    state::approvals approvals_;
    postgres::proposals proposals_;
};

struct day_at_work {
    temporary_directory folder;
    manual_clock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
};

}  // namespace tallyfs::test
