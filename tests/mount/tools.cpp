// The programs that people use on files.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <future>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

struct filled_tree : mounted_tree {
    filled_tree() : mounted_tree({}, &add_services) {
        texts->set("day-1", R"({"calls": 7, "service": "n8n"})"
                            "\n");
        texts->set("large", numbered_text(500'000));
        texts->set("empty", "");
        texts->set("%2Ehidden name", "found here\n");
        growing.append(R"({"model":"qwen3:14b"})"
                       "\n");
    }

    static void add_services(tree::fixed_directory& root) {
        auto services = std::make_shared<tree::fixed_directory>();
        for (int number = 0; number < 300; ++number) {
            auto service = std::make_shared<tree::fixed_directory>();
            const std::string text = "service " + std::to_string(number) + "\n";
            service->add("today.txt", [text] {
                return tree::node{tree::text_file{1, [text] { return text; }}, {}};
            });
            services->add("service-" + std::to_string(number), [service] {
                return tree::node{service, {}};
            });
        }
        root.add("services", [services] { return tree::node{services, {}}; });
    }

    [[nodiscard]] std::string copy(const std::string& name) const {
        return (directory.path() / name).string();
    }
};

}  // namespace

TEST_CASE("rsync copies everything and transfers nothing the second time") {
    if (!can_mount() || run_command("rsync --version").exit_code != 0) return;
    filled_tree mounted;
    const std::string command =
        "rsync -a --out-format=%n " + mounted.path("") + " " + mounted.copy("copy/");
    const auto first = run_command(command);
    CHECK(first.exit_code == 0);
    CHECK(first.output.find("services/service-299/today.txt") != std::string::npos);
    CHECK(run_command(command).output == "");
    CHECK(run_command("diff -r --no-dereference " + mounted.path("") + " " + mounted.copy("copy"))
              .output == "");
    mounted.texts->set("day-1", "changed\n");
    CHECK(run_command(command).output.find("texts/day-1\n") != std::string::npos);
    CHECK(run_command(command).output == "");
}

TEST_CASE("tar packs everything without a complaint") {
    if (!can_mount()) return;
    filled_tree mounted;
    const auto packed =
        run_command("tar -C " + mounted.path("") + " -cf " + mounted.copy("all.tar") + " .");
    CHECK(packed.exit_code == 0);
    CHECK(packed.output == "");
    CHECK(run_command("tar -C " + mounted.path("") + " -df " + mounted.copy("all.tar")).output ==
          "");
}

TEST_CASE("tar does not complain about files that change beside the one it reads") {
    if (!can_mount()) return;
    filled_tree mounted;
    std::atomic<bool> ending{false};
    std::thread writer([&] {
        for (unsigned seed = 0; !ending; ++seed) {
            mounted.texts->set("large", numbered_text(400'000 + seed % 100'000, seed));
            ::usleep(1000);
        }
    });
    for (int round = 0; round < 5; ++round) {
        CHECK(run_command("tar -C " + mounted.path("") + " -cf - . | cat > /dev/null").output ==
              "");
    }
    ending = true;
    writer.join();
}

TEST_CASE("cp -a, grep -r, find, du, ls and wc work") {
    if (!can_mount()) return;
    filled_tree mounted;
    const auto mounted_at = mounted.path("");
    const auto copied = run_command("cp -a " + mounted_at + " " + mounted.copy("copied"));
    CHECK(copied.output == "");
    CHECK(copied.exit_code == 0);
    CHECK(run_command("grep -rc 'service 29' " + mounted_at + " | grep -c ':1$'").output == "11\n");
    CHECK(run_command("grep -r 'found here' " + mounted_at).output.find("%2Ehidden name") !=
          std::string::npos);
    CHECK(run_command("find " + mounted_at + " -type f | wc -l").output == "306\n");
    CHECK(run_command("find -L " + mounted_at + "latest -newermt 2020-01-01").output ==
          mounted_at + "latest\n");
    CHECK(std::stoul(run_command("du -s --apparent-size -B1 " + mounted_at).output) > 800'000);
    CHECK(std::stoul(run_command("du -s -B1 " + mounted_at).output) > 1'900'000);
    CHECK(run_command("ls -la " + mounted_at + "services | wc -l").output == "303\n");
    CHECK(run_command("cat " + mounted_at + "latest").output.find("calls") != std::string::npos);
}

TEST_CASE("jq reads a file and a log") {
    if (!can_mount() || run_command("jq --version").exit_code != 0) return;
    filled_tree mounted;
    CHECK(run_command("jq .calls " + mounted.path("latest")).output == "7\n");
    CHECK(run_command("jq -r .model " + mounted.path("logs/today.jsonl")).output == "qwen3:14b\n");
}

TEST_CASE("tail -f follows a log") {
    if (!can_mount()) return;
    filled_tree mounted;
    auto followed = std::async(std::launch::async, [&] {
        return run_command("timeout 20 tail -n +1 -s 0.05 -f " + mounted.path("logs/today.jsonl") +
                           " | head -n 21 | tail -n 1");
    });
    for (int number = 0; number < 20; ++number) {
        mounted.growing.append("line " + std::to_string(number) + "\n");
        ::usleep(5000);
    }
    CHECK(followed.get().output == "line 19\n");
}

TEST_CASE("many programs search at the same time") {
    if (!can_mount()) return;
    filled_tree mounted;
    std::atomic<bool> ending{false};
    std::thread writer([&] {
        for (unsigned number = 0; !ending; ++number) {
            mounted.growing.append("line " + std::to_string(number) + "\n");
            mounted.texts->set("large", numbered_text(100'000, number));
            ::usleep(500);
        }
    });
    std::vector<std::future<command_result>> searches;
    for (int number = 0; number < 12; ++number) {
        searches.push_back(std::async(std::launch::async, [&] {
            return run_command("grep -r 'service 123$' " + mounted.path("services") + " " +
                               mounted.path("logs"));
        }));
    }
    for (auto& search : searches) {
        CHECK(search.get().output ==
              mounted.path("services/service-123/today.txt") + ":service 123\n");
    }
    ending = true;
    writer.join();
}

TEST_CASE("a listing goes on where it stopped, however many chunks it takes") {
    if (!can_mount()) return;
    constexpr int count = 20'000;
    mounted_tree mounted({}, [](tree::fixed_directory& root) {
        auto many = std::make_shared<tree::fixed_directory>();
        auto empty = std::make_shared<tree::fixed_directory>();
        // Numbers of one length: what is added in the order of names need not be sorted in.
        for (int number = 0; number < count; ++number) {
            many->add("entry-" + std::to_string(count + number), [empty] {
                return tree::node{empty, {}};
            });
        }
        root.add("many", [many] { return tree::node{many, {}}; });
    });
    std::size_t listed = 0;
    for (const auto& entry : std::filesystem::directory_iterator(mounted.path("many"))) {
        listed += entry.is_directory() ? 1U : 0U;
    }
    CHECK(listed == count);
    CHECK(run_command("find " + mounted.path("many") + " | wc -l").output == "20001\n");
}
