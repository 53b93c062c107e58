// Equal versions of a file have equal bytes, whatever comes between: a reader keeps what it has.
// Rules: docs/architecture.md, "Read your writes".
#include "support/catch.hpp"
#include "views/world.hpp"

#include <random>

using namespace tallyfs;
using namespace std::chrono_literals;
using test::some_call;

namespace {

/// The bytes that were seen of each path and version.
using history = std::map<std::pair<std::string, std::uint64_t>, std::string>;

/// Reads all files below a directory. Returns those whose bytes differ from what they had before
/// under the same version.
std::string look_below(const tree::directory& directory, const std::string& path, history& seen) {
    std::string wrong;
    for (const auto& [name, node] : directory.list()) {
        const auto below = path + "/" + name;
        using deeper = std::shared_ptr<const tree::directory>;
        if (const auto* next = std::get_if<deeper>(&node.content)) {
            wrong += look_below(**next, below, seen);
        } else if (const auto* file = std::get_if<tree::text_file>(&node.content)) {
            const auto bytes = file->render();
            const auto known = seen.try_emplace({below, file->version}, bytes).first;
            if (known->second != bytes) wrong += below + "\n";
        }
    }
    return wrong;
}

/// Days of calls whose models push each other out, and of which the oldest are deleted.
class busy_months {
  public:
    void call() {
        auto c = some_call(pick({"n8n", "web"}), pick({"qwen", "gemma", "phi"}));
        c.prompt_hash = pick({"0123456789abcdef", "fedcba9876543210", "0123456789abcdee"});
        c.cold_start = random_() % 2 == 0;
        if (*c.cold_start) c.evicted_model = pick({"qwen", "gemma", "phi", ""});
        world_.append(c);
        world_.clock.advance(1min);
    }
    void next_day() {
        world_.clock.advance(24h);
        ++days_;
        call();
    }
    [[nodiscard]] bool can_delete() const { return deleted_ < days_; }
    /// As the sweeper does it: calls come between the sum and the end of the rows. A clock that
    /// steps back makes each sum look older than the one before.
    void delete_oldest() {
        const day oldest(first_.date() + std::chrono::days(deleted_));
        const auto made = made_first_ - std::chrono::seconds(deleted_++);
        const auto kept = world_.ask([&] { return world_.ledger.roll_up(oldest, made).value(); });
        REQUIRE(world_.rollups.write(kept));
        call();
        look();
        world_.ask([&] { return world_.ledger.forget_lines(kept).value(), true; });
    }
    void look() {
        REQUIRE(world_.ask([&] {
            const auto node = tree::resolve(*world_.root, "usage").value();
            return look_below(*std::get<std::shared_ptr<const tree::directory>>(node.content),
                              "usage", seen_);
        }) == "");
    }
    [[nodiscard]] auto number_below(std::size_t end) { return random_() % end; }

  private:
    std::string pick(const std::vector<std::string>& from) {
        return from[number_below(from.size())];
    }
    test::world world_{"2026-11-20T08:00:00Z"};
    std::mt19937 random_{7};
    history seen_;
    const day first_ = zone::day_of(world_.clock.wall());
    const wall_time made_first_ = world_.clock.wall();
    int days_ = 0;
    int deleted_ = 0;
};

}  // namespace

TEST_CASE("equal versions of a file of usage have equal bytes, whatever comes between") {
    zone::use("UTC");
    busy_months months;
    months.call();
    for (int step = 0; step < 120; ++step) {
        const auto what = months.number_below(12);
        INFO("step " << step << ", " << what);
        if (what == 0) {
            months.next_day();
        } else if (what == 1 && months.can_delete()) {
            months.delete_oldest();
        } else {
            months.call();
        }
        months.look();
    }
}

TEST_CASE("a swap is told where the model was loaded, not in the files of the one that went") {
    zone::use("UTC");
    test::world w("2026-11-20T08:00:00Z");
    w.append(some_call("n8n", "qwen"));
    auto cold = some_call("n8n", "gemma");
    cold.cold_start = true;
    cold.evicted_model = "qwen";
    w.append(cold);
    const std::string line = "Swaps        1, 1 of them gemma <-> qwen";
    CHECK(w.read("usage/models/gemma/total.txt").find(line) != std::string::npos);
    CHECK(w.read("usage/models/qwen/total.txt").find("Swaps") == std::string::npos);
    CHECK(w.read("usage/total.txt").find(line) != std::string::npos);
}
