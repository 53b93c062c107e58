// A crash at every write of a chain of approvals: no decision that was confirmed is lost, and the
// effect, which is outside of the process, happens once.
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/state/approvals.hpp>

#include <cerrno>
#include <fcntl.h>
#include <future>

using namespace tallyfs;
using namespace tallyfs::state;
using namespace tallyfs::test;

namespace {

constexpr std::uint32_t anna = 1001;
constexpr std::uint32_t bea = 1002;
constexpr std::uint32_t carl = 1003;

/// A disk that takes so many writes and then nothing any more: what is on it then is what a
/// process leaves behind that is killed at that moment.
class dying_disk final : public journal::file_operations {
  public:
    explicit dying_disk(int writes) : left_(writes) {}
    ::ssize_t write(int fd, const void* data, std::size_t bytes) override {
        if (left_ <= 0) {
            errno = EIO;
            return -1;
        }
        --left_;
        return file_operations::write(fd, data, bytes);
    }

  private:
    int left_;
};

/// One run of a daemon: everything that decisions need, over the directory of the run before.
class run {
  public:
    run(const std::filesystem::path& folder, int writes, bool probe_knows)
        : folder_(folder),
          probe_knows_(probe_knows),
          disk_(writes),
          people_({person("anna", anna, {"owner"}), person("bea", bea, {"security"}),
                   person("carl", carl, {})}),
          chains_({two_steps()}),
          lines_(folder / "actions", clock_, &disk_),
          actions_(lines_, folder / "head", "host",
                   [this](const record::action& past) { past_.push_back(past); }),
          approvals_({people_, chains_, {kind()}, actions_, desk_, errors_, clock_, [] {}}) {
        for (const auto& past : past_) approvals_.replay(past);
        desk_.start();
        done([this] { approvals_.settle(); });
    }
    ~run() { desk_.stop(); }

    /// Each returns the errno that the writer got.
    int open() {
        return answered([this](tree::answer answer) {
            approvals_.open({carl, {}}, "mine", "kind=effect\nreason=a test\n", std::move(answer));
        });
    }
    int approve(std::uint32_t who, std::uint32_t step) {
        return answered([&](tree::answer answer) {
            approvals_.decide({who, {}}, 1, step, "approve\n", std::move(answer));
        });
    }
    void tick() {
        done([this] { approvals_.tick(); });
    }
    [[nodiscard]] std::optional<approval::entry> entry() const { return approvals_.find(1); }
    [[nodiscard]] std::size_t effects() const {
        const auto text = read_file(folder_ / "effects", 4096);
        return text ? text->size() : 0;
    }
    int say(const std::string& words) {
        return answered([&](tree::answer answer) {
            approvals_.command({anna, {}}, 1, words, std::move(answer));
        });
    }

  private:
    static approval::person person(const char* name, std::uint32_t uid,
                                   std::vector<std::string> roles) {
        approval::person made;
        made.name = name;
        made.uid = uid;
        made.roles = std::move(roles);
        return made;
    }
    static approval::chain two_steps() {
        approval::chain chain;
        chain.steps = {{"security", {}, false}, {"owner", {}, false}};
        return chain;
    }
    approval_kind kind() {
        approval_kind made;
        made.name = "effect";
        made.prepare = [](approval::draft& asked) -> std::string {
            asked.title = "Write a byte";
            asked.plan = "write a byte";
            return "";
        };
        made.execute = [this](const approval::request&) -> approval_kind::effect {
            const auto file = open_file(folder_ / "effects", O_WRONLY | O_CREAT | O_APPEND);
            if (!file || !write_all(file->get(), "x")) return {false, "no"};
            return {true, "written"};
        };
        made.probe = [this](const approval::request&) {
            if (!probe_knows_) return approval::probe::unknown;
            return effects() > 0 ? approval::probe::effect_there : approval::probe::effect_absent;
        };
        return made;
    }
    template <class Work>
    int answered(Work work) {
        std::promise<int> promise;
        auto future = promise.get_future();
        work([&promise](const error_code& error) { promise.set_value(error.value()); });
        return future.get();
    }
    template <class Work>
    void done(Work work) {
        std::promise<void> promise;
        auto future = promise.get_future();
        REQUIRE(desk_.post([&] {
            work();
            promise.set_value();
        }));
        future.get();
    }

    std::filesystem::path folder_;
    bool probe_knows_;
    dying_disk disk_;
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

constexpr int endless = 1'000'000;

/// What the people of the first run were told before it died.
struct confirmed {
    bool opened = false;
    bool first = false;
    bool second = false;
};

confirmed live_until(const std::filesystem::path& folder, int writes, bool probe_knows) {
    run dying(folder, writes, probe_knows);
    confirmed told;
    told.opened = dying.open() == 0;
    if (!told.opened) return told;
    told.first = dying.approve(bea, 1) == 0;
    if (!told.first) return told;
    told.second = dying.approve(anna, 2) == 0;
    return told;
}

}  // namespace

TEST_CASE("killed at every write, a chain loses no confirmed decision and acts exactly once") {
    for (int writes = 0; writes <= 8; ++writes) {
        CAPTURE(writes);
        const temporary_directory folder;
        const auto told = live_until(folder.path(), writes, true);
        run next(folder.path(), endless, true);
        next.tick();
        const auto entry = next.entry();
        if (!told.opened && !entry) continue;
        REQUIRE(entry);
        if (told.first) CHECK(entry->steps[0].decided);
        if (told.second) CHECK(entry->steps[1].decided);
        const bool approved = entry->steps[0].decided && entry->steps[1].decided;
        CHECK(next.effects() == (approved ? 1 : 0));
        if (approved) CHECK(entry->state == approval::state::done);
        // What is left to be decided can be, and nothing that is decided a second time.
        if (!entry->steps[0].decided) CHECK(next.approve(bea, 1) == 0);
        if (!entry->steps[1].decided) CHECK(next.approve(anna, 2) == 0);
        CHECK(next.approve(anna, 2) == EPERM);
        next.tick();
        CHECK(next.effects() == 1);
        CHECK(next.entry()->state == approval::state::done);
    }
}

TEST_CASE("where nobody can tell whether it happened, it is not done again by itself") {
    std::size_t unknown = 0;
    for (int writes = 0; writes <= 8; ++writes) {
        CAPTURE(writes);
        const temporary_directory folder;
        static_cast<void>(live_until(folder.path(), writes, false));
        run next(folder.path(), endless, false);
        next.tick();
        next.tick();
        const auto entry = next.entry();
        CHECK(next.effects() <= 1);
        if (!entry || entry->state != approval::state::outcome_unknown) continue;
        ++unknown;
        const auto before = next.effects();
        CHECK(next.say("done: I looked, it is there\n") == 0);
        CHECK(next.entry()->state == approval::state::done);
        CHECK(next.effects() == before);
    }
    CHECK(unknown > 0);
}
