// Texts that take seconds to render: nobody waits for them but who reads them.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <future>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

/// "slow/NAME" holds NAME, a thousand times, once the gate is open; "slow/broken" cannot be made.
class slow_directory final : public tree::directory {
  public:
    [[nodiscard]] std::vector<tree::named_node> list() const override {
        return {{"listed", *find("listed")}};
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        tree::text_file text;
        text.version = version_;
        text.slow = true;
        text.render = [this, name = std::string(name)] { return rendered(name); };
        return tree::node{std::move(text), wall_time(std::chrono::seconds(1'700'000'000))};
    }

    void open_gate() { open_.set_value(); }
    void next_version() { ++version_; }
    /// Returns once a rendering is under way.
    void wait_until_begun(int renderings = 1) const {
        while (begun_ < renderings) std::this_thread::yield();
    }
    [[nodiscard]] int begun() const { return begun_; }

    [[nodiscard]] static std::string text_of(const std::string& name) {
        std::string text;
        for (int i = 0; i < 1000; ++i) text += name;
        return text;
    }

  private:
    [[nodiscard]] std::string rendered(const std::string& name) const {
        ++begun_;
        opened_.wait();
        if (name == "broken") throw std::runtime_error("it cannot be made");
        return text_of(name);
    }

    std::promise<void> open_;
    std::shared_future<void> opened_ = open_.get_future();
    std::atomic<std::uint64_t> version_{1};
    mutable std::atomic<int> begun_{0};
};

struct slow_tree {
    std::shared_ptr<slow_directory> slow = std::make_shared<slow_directory>();
    mounted_tree mounted;

    explicit slow_tree(const std::function<void(fuse::mount_options&)>& set = {})
        : mounted(set, [this](tree::fixed_directory& root) {
              root.add("slow", [this] {
                  return tree::node{slow, wall_time(std::chrono::seconds(1'700'000'000))};
              });
          }) {
        mounted.texts->set("text", "bytes");
    }
    [[nodiscard]] auto reading(const std::string& name) const {
        return std::async(std::launch::async,
                          [path = mounted.path("slow/" + name)] { return read_through(path); });
    }
};

}  // namespace

TEST_CASE("while a slow text is rendered, everything else is answered") {
    if (!can_mount()) return;
    slow_tree tree;
    auto first = tree.reading("answer");
    tree.slow->wait_until_begun();
    for (int round = 0; round < 20; ++round) {
        tree.mounted.texts->set("text", numbered_text(1000, static_cast<unsigned>(round)));
        CHECK(read_through(tree.mounted.path("texts/text")).size() == 1000);
        CHECK(run_command("ls " + tree.mounted.path("logs")).exit_code == 0);
    }
    CHECK(first.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    tree.slow->open_gate();
    CHECK((first.get() == slow_directory::text_of("answer")));
}

TEST_CASE("a slow text is rendered once for all who wait for it") {
    if (!can_mount()) return;
    slow_tree tree;
    auto reader = tree.reading("listed");
    tree.slow->wait_until_begun();
    const auto asked = tree.mounted.views.jobs_run();
    auto listing = std::async(std::launch::async, [path = tree.mounted.path("slow")] {
        return run_command("ls -l " + path);
    });
    while (tree.mounted.views.jobs_run() == asked) std::this_thread::yield();
    tree.slow->open_gate();
    CHECK((reader.get() == slow_directory::text_of("listed")));
    CHECK(listing.get().output.find(" 6000 ") != std::string::npos);
    CHECK(tree.slow->begun() == 1);
}

TEST_CASE("the size of a slow text is known before it is listed") {
    if (!can_mount()) return;
    slow_tree tree;
    auto listing = std::async(std::launch::async, [path = tree.mounted.path("slow")] {
        return run_command("stat -c %s " + path + "/*");
    });
    tree.slow->wait_until_begun();
    CHECK(read_through(tree.mounted.path("texts/text")) == "bytes");
    tree.slow->open_gate();
    CHECK(listing.get().output == "6000\n");
    CHECK(tree.slow->begun() == 1);
}

TEST_CASE("a slow text whose bytes were dropped is rendered apart once more") {
    if (!can_mount()) return;
    slow_tree tree([](fuse::mount_options& options) { options.rendered_bytes_max = 1; });
    tree.slow->open_gate();
    const unique_fd held(::open(tree.mounted.path("slow/a").c_str(), O_PATH));
    REQUIRE(held);
    CHECK((read_through(tree.mounted.path("slow/b")) == slow_directory::text_of("b")));
    CHECK(tree.slow->begun() == 2);
    const auto again = "/proc/self/fd/" + std::to_string(held.get());
    CHECK((read_through(again) == slow_directory::text_of("a")));
    CHECK(tree.slow->begun() == 3);
    tree.slow->next_version();
    tree.mounted.views.next_moment();
    CHECK((read_through(tree.mounted.path("slow/b")) == slow_directory::text_of("b")));
    CHECK(open_error(again) == ESTALE);
}

TEST_CASE("a slow text that cannot be made is an error for its reader alone") {
    if (!can_mount()) return;
    slow_tree tree;
    tree.slow->open_gate();
    CHECK(open_error(tree.mounted.path("slow/broken")) == EIO);
    CHECK((read_through(tree.mounted.path("slow/whole")) == slow_directory::text_of("whole")));
}

TEST_CASE("when the mount stops while a slow text is rendered, its reader gets an error") {
    if (!can_mount()) return;
    slow_tree tree;
    auto reader = std::async(
        std::launch::async, [path = tree.mounted.path("slow/answer")] { return open_error(path); });
    tree.slow->wait_until_begun();
    tree.mounted.mount->stop();
    const int error = reader.get();
    CHECK((error == EIO || error == ENOTCONN || error == ECONNABORTED));
    tree.slow->open_gate();
}
