// Effects that take longer than the desk can be held up: they end on another thread, and after a
// crash in the middle their probe does.
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/state/approvals.hpp>

#include <future>

using namespace tallyfs;
using namespace tallyfs::state;
using namespace tallyfs::test;

namespace {

constexpr std::uint32_t anna = 1001;

/// One run of a daemon whose only kind of request takes its time.
class run {
  public:
    explicit run(const std::filesystem::path& folder)
        : people_({person()}),
          lines_(folder / "actions", clock_),
          actions_(lines_, folder / "head", "host",
                   [this](const record::action& past) { past_.push_back(past); }),
          approvals_({people_, chains_, {kind()}, actions_, desk_, errors_, clock_, [] {}}) {
        for (const auto& past : past_) approvals_.replay(past);
        desk_.start();
        on_desk([this] { approvals_.settle(); });
    }
    ~run() { desk_.stop(); }

    int open(const std::string& name) {
        return answered([&](tree::answer answer) {
            approvals_.open({anna, {}}, name, "kind=slow\nreason=" + name + "\nwhat=" + name + "\n",
                            std::move(answer));
        });
    }
    int approve(std::uint32_t number) {
        return answered([&](tree::answer answer) {
            approvals_.decide({anna, {}}, number, 1, "approve\n", std::move(answer));
        });
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
    [[nodiscard]] approval::entry entry(std::uint32_t number) const {
        return approvals_.find(number).value();
    }
    /// After everything that was handed in.
    approval::state state(std::uint32_t number) {
        on_desk([] {});
        return entry(number).state;
    }

    std::vector<approval_kind::ended> begun;   ///< written on the desk
    std::vector<approval_kind::found> probed;  ///< the same

    approvals& requests() { return approvals_; }
    desk& commands() { return desk_; }

  private:
    static approval::person person() {
        approval::person made;
        made.name = "anna";
        made.uid = anna;
        made.roles = {"owner"};
        return made;
    }
    approval_kind kind() {
        approval_kind made;
        made.name = "slow";
        made.prepare = [](approval::draft& asked) -> std::string {
            asked.plan = "take long";
            return "";
        };
        made.begin = [this](const approval::request&, approval_kind::ended ended) {
            begun.push_back(std::move(ended));
        };
        made.begin_probe = [this](const approval::request&, approval_kind::found found) {
            probed.push_back(std::move(found));
        };
        return made;
    }
    template <class Work>
    int answered(Work work) {
        std::promise<int> promise;
        work([&promise](const error_code& error) { promise.set_value(error.value()); });
        return promise.get_future().get();
    }

    manual_clock clock_{*parse_rfc3339("2026-11-20T10:00:00Z")};
    approval::people people_;
    approval::chains chains_;
    journal::stream lines_;
    std::vector<record::action> past_;
    action_log actions_;
    desk desk_;
    last_errors errors_;
    approvals approvals_;
};

}  // namespace

TEST_CASE("while an effect takes its time, others decide, and its end is recorded when it comes") {
    const temporary_directory folder;
    run daemon(folder.path());
    REQUIRE(daemon.open("first") == 0);
    REQUIRE(daemon.approve(1) == 0);
    CHECK(daemon.state(1) == approval::state::executing);
    REQUIRE(daemon.open("second") == 0);
    REQUIRE(daemon.approve(2) == 0);
    CHECK(daemon.state(2) == approval::state::executing);
    REQUIRE(daemon.begun.size() == 2);

    std::thread([&] { daemon.begun[1]({true, "second ended first"}); }).join();
    CHECK(daemon.state(2) == approval::state::done);
    CHECK(daemon.entry(2).result == "second ended first");
    CHECK(daemon.state(1) == approval::state::executing);
    std::thread([&] { daemon.begun[0]({false, "no lock"}); }).join();
    CHECK(daemon.state(1) == approval::state::failed);
}

TEST_CASE("an effect of which nobody can tell whether it happened waits for a person") {
    const temporary_directory folder;
    run daemon(folder.path());
    REQUIRE(daemon.open("first") == 0);
    REQUIRE(daemon.approve(1) == 0);
    daemon.begun[0]({false, "the connection was lost", true});
    CHECK(daemon.state(1) == approval::state::outcome_unknown);
    CHECK(daemon.begun.size() == 1);
}

TEST_CASE("the end of an effect is not lost when the desk takes no more commands") {
    const temporary_directory folder;
    run daemon(folder.path());
    REQUIRE(daemon.open("first") == 0);
    REQUIRE(daemon.approve(1) == 0);
    std::promise<void> begun;
    std::promise<void> free;
    REQUIRE(daemon.commands().post([&] {
        begun.set_value();
        free.get_future().get();
    }));
    begun.get_future().get();
    while (daemon.commands().post([] {})) {
    }
    daemon.begun[0]({true, "done"});
    free.set_value();
    while (!daemon.commands().post([&] { daemon.requests().tick(); })) std::this_thread::yield();
    CHECK(daemon.state(1) == approval::state::done);
}

TEST_CASE("killed in the middle of a slow effect, the next run asks its probe and obeys it") {
    const temporary_directory folder;
    {
        run killed(folder.path());
        REQUIRE(killed.open("first") == 0);
        REQUIRE(killed.approve(1) == 0);
        REQUIRE(killed.begun.size() == 1);
    }
    {
        run next(folder.path());
        REQUIRE(next.probed.size() == 1);
        CHECK(next.begun.empty());
        CHECK(next.state(1) == approval::state::executing);
        next.probed[0](approval::probe::effect_absent);
        next.on_desk([&] { next.requests().tick(); });
        CHECK(next.begun.size() == 1);
    }
    run last(folder.path());
    REQUIRE(last.probed.size() == 1);
    last.probed[0](approval::probe::effect_there);
    CHECK(last.state(1) == approval::state::done);
    CHECK(last.begun.empty());
}
