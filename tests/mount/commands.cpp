// Files that are written to: what a shell does with them, and what the command gets.
#include "mounted_tree.hpp"
#include "support/catch.hpp"
#include "writing_desk.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

struct mounted_desk {
    explicit mounted_desk(bool allow_other = false, std::size_t rendered_bytes_max = 1 << 20)
        : mounted(
              [&](fuse::mount_options& options) {
                  options.allow_other = allow_other;
                  options.rendered_bytes_max = rendered_bytes_max;
              },
              [&](tree::fixed_directory& root) {
                  desk.emplace(mounted.views);
                  desk->add_to(root);
              }) {}
    [[nodiscard]] std::string path(const std::string& below) const { return mounted.path(below); }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> written;
        for (const auto& one : desk->commands()) written.push_back(one.text);
        return written;
    }

    std::optional<writing_desk> desk;  // outlives the mount
    mounted_tree mounted;
};

using words = std::vector<std::string>;

/// Bash, which says why a write failed; other shells say "I/O error" whatever it was.
command_result in_bash(const std::string& command) {
    return run_command("bash -c '" + command + "'");
}

}  // namespace

TEST_CASE("a shell writes a value, and reads it back") {
    if (!can_mount()) return;
    const mounted_desk m;
    const auto file = m.path("desk/value");
    CHECK(run_command("cat " + file).output == "first\n");
    for (const char* writing : {"echo one > ", "echo two >> ", "printf 'three\\n' | tee "}) {
        CAPTURE(writing);
        CHECK(run_command(writing + file).exit_code == 0);
    }
    CHECK(run_command("echo four > /tmp/tallyfs-four; cp /tmp/tallyfs-four " + file +
                      "; rm /tmp/tallyfs-four")
              .output.empty());
    CHECK(m.texts() == words{"one\n", "two\n", "three\n", "four\n"});
    CHECK(run_command("cat " + file).output == "four\n");
    CHECK(stat_size(file) == 5);
}

TEST_CASE("a refused value fails visibly in every shell's way of writing, and changes nothing") {
    if (!can_mount()) return;
    const mounted_desk m;
    const auto file = m.path("desk/value");
    CHECK(in_bash("echo bad > " + file).output.find("Invalid argument") != std::string::npos);
    CHECK(run_command("echo bad | tee " + file).exit_code != 0);
    CHECK(run_command("echo bad >> " + file).exit_code != 0);
    CHECK(run_command("printf 'bad\\n' > /tmp/tallyfs-bad; cp /tmp/tallyfs-bad " + file +
                      "; s=$?; rm /tmp/tallyfs-bad; exit $s")
              .exit_code != 0);
    CHECK(run_command("cat " + file).output == "first\n");
}

TEST_CASE("nothing is written without a write: truncating, opening and closing change nothing") {
    if (!can_mount()) return;
    const mounted_desk m;
    const auto file = m.path("desk/value");
    CHECK(run_command(": > " + file).exit_code == 0);
    CHECK(run_command("truncate -s 0 " + file).exit_code == 0);
    CHECK(run_command("truncate -s 3 " + file).exit_code != 0);
    CHECK(run_command("chmod 600 " + file).exit_code != 0);
    CHECK(run_command("touch " + file).exit_code != 0);
    CHECK(m.texts().empty());
    CHECK(run_command("cat " + file).output == "first\n");
}

TEST_CASE("tools that write beside the file and rename fail, and leave nothing behind") {
    if (!can_mount()) return;
    const mounted_desk m;
    const auto file = m.path("desk/value");
    CHECK(run_command("sed -i s/first/second/ " + file).exit_code != 0);
    CHECK(run_command("mv " + file + " " + m.path("desk/other")).exit_code != 0);
    CHECK(run_command("rm -f " + file).exit_code != 0);
    CHECK(run_command("ls " + m.path("desk")).output == "lines\nmine\nslow\nvalue\n");
    CHECK(m.texts().empty());
}

TEST_CASE("several lines written one by one are one text, that ends when the file is closed") {
    if (!can_mount()) return;
    const mounted_desk m;
    const auto file = m.path("desk/lines");
    CHECK(in_bash("printf \"a\\nb\\n\" > " + file).exit_code == 0);
    CHECK(in_bash("{ echo c; echo d; } > " + file).exit_code == 0);
    CHECK(run_command("printf 'e\\nf\\n' | dd bs=100 iflag=fullblock status=none of=" + file)
              .exit_code == 0);
    CHECK(in_bash("echo g >> " + file).exit_code == 0);
    CHECK(in_bash(": > " + file).exit_code == 0);
    CHECK(m.texts() == words{"a\nb\n", "c\nd\n", "e\nf\n", "g\n"});
    const auto bad = run_command("echo bad | cp /dev/stdin " + file);
    CHECK(bad.output.find("Invalid argument") != std::string::npos);
    CHECK(run_command("yes | head -c 70000 | dd bs=2 of=" + file).output.find("File too large") !=
          std::string::npos);
}

TEST_CASE("a command that is too long is refused as a whole") {
    if (!can_mount()) return;
    const mounted_desk m;
    const auto file = m.path("desk/value");
    CHECK(run_command("head -c 70000 /dev/zero | dd of=" + file + " bs=70000 iflag=fullblock")
              .output.find("File too large") != std::string::npos);
    CHECK(m.texts().empty());
}

TEST_CASE("who writes is the process that writes, with its groups") {
    if (!can_mount_as_root()) return;
    const mounted_desk m(true);
    REQUIRE(::chmod(m.mounted.directory.path().c_str(), 0755) == 0);
    // 0644 is checked by the kernel, so only the owner gets as far as the command.
    const auto denied = run_command("setpriv --reuid=65534 --clear-groups sh -c 'echo x > " +
                                    m.path("desk/value") + "'");
    CHECK(denied.output.find("Permission denied") != std::string::npos);
    CHECK(run_command("setpriv --groups 7,8,9 sh -c 'echo x > " + m.path("desk/value") + "'")
              .exit_code == 0);
    const auto commands = m.desk->commands();
    REQUIRE(commands.size() == 1);
    CHECK(commands[0].by.uid == 0);
    for (const auto group : {7U, 8U, 9U}) {
        CHECK(std::ranges::find(commands[0].by.groups, group) != commands[0].by.groups.end());
    }
}

TEST_CASE("each user reads a file of its own under one name") {
    if (!can_mount_as_root()) return;
    const mounted_desk m(true);
    REQUIRE(::chmod(m.mounted.directory.path().c_str(), 0755) == 0);
    const auto as = [&](int uid, const std::string& command) {
        return run_command("setpriv --reuid=" + std::to_string(uid) + " --clear-groups " + command +
                           " " + m.path("desk/mine"));
    };
    for (int round = 0; round < 3; ++round) {
        CHECK(as(0, "cat").output == "of 0\n");
        CHECK(as(65534, "cat").output == "of 65534\n");
        CHECK(as(1000, "stat -c %s").output == "8\n");
        CHECK(as(65533, "cat").exit_code != 0);
    }
    // Several at once: nobody may get another one's bytes.
    const auto mixed = run_command(
        "for i in $(seq 100); do for u in 0 65534 1000; do (test \"$(setpriv --reuid=$u "
        "--clear-groups cat " +
        m.path("desk/mine") + ")\" = \"of $u\" || echo wrong) & done; wait; done");
    CHECK(mixed.output == "");
}

TEST_CASE("a file of one's own is opened again after its bytes were dropped") {
    if (!can_mount()) return;
    const mounted_desk m(false, 1);
    const auto own = "of " + std::to_string(::getuid()) + "\n";
    for (int round = 0; round < 3; ++round) {
        CHECK(run_command("cat " + m.path("desk/value") + " " + m.path("desk/mine")).output ==
              "first\n" + own);
    }
}

TEST_CASE("a file is created by writing it, read back, and removed") {
    if (!can_mount()) return;
    const mounted_desk m;
    CHECK(run_command("echo hello > " + m.path("inbox/new")).exit_code == 0);
    CHECK(run_command("ls " + m.path("inbox")).output == "new\n");
    CHECK(run_command("cat " + m.path("inbox/new")).output == "hello\n");
    CHECK(run_command("echo other > " + m.path("inbox/new")).exit_code == 0);
    CHECK(run_command("cat " + m.path("inbox/new")).output == "other\n");
    CHECK(run_command("echo bad > " + m.path("inbox/worse")).exit_code != 0);
    CHECK(run_command("cat " + m.path("inbox/worse")).exit_code != 0);
    CHECK(run_command(": > " + m.path("inbox/empty")).exit_code == 0);
    CHECK(run_command("ls " + m.path("inbox")).output == "new\n");
    CHECK(run_command("echo x > " + m.path("inbox/forbidden")).exit_code != 0);
    CHECK(run_command("rm " + m.path("inbox/new")).exit_code == 0);
    CHECK(run_command("rm " + m.path("inbox/new")).exit_code != 0);
    CHECK(run_command("ls " + m.path("inbox")).output == "");
}

TEST_CASE("a writer waits until its command is carried out, and others do not wait for it") {
    if (!can_mount()) return;
    mounted_desk m;
    command_result written;
    std::thread writer([&] { written = in_bash("echo x > " + m.path("desk/slow")); });
    while (!m.desk->slow_waits()) std::this_thread::yield();
    CHECK(run_command("cat " + m.path("desk/value")).output == "first\n");
    m.desk->answer_slow({ENOSPC, boost::system::generic_category()});
    writer.join();
    CHECK(written.output.find("No space left") != std::string::npos);
}

TEST_CASE("a command that is dropped unanswered fails") {
    if (!can_mount()) return;
    mounted_desk m;
    command_result written;
    std::thread writer([&] { written = in_bash("echo x > " + m.path("desk/slow")); });
    while (!m.desk->slow_waits()) std::this_thread::yield();
    m.desk->drop_slow();
    writer.join();
    CHECK(written.output.find("Input/output error") != std::string::npos);
}

TEST_CASE("the mount ends while a command waits, and its answer comes too late to harm") {
    if (!can_mount()) return;
    mounted_desk m;
    command_result written;
    std::thread writer([&] { written = in_bash("echo x > " + m.path("desk/slow")); });
    while (!m.desk->slow_waits()) std::this_thread::yield();
    m.mounted.mount->stop();
    writer.join();
    CHECK(written.exit_code != 0);
    m.mounted.mount.reset();
    m.desk->answer_slow({});
}
