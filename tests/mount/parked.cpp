// Requests that wait: for the views, for each other, for nothing any more.
#include "mounted_tree.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <future>
#include <signal.h>
#include <unistd.h>

using namespace tallyfs;
using namespace tallyfs::test;

namespace {

void do_nothing(int) {}

/// Opens in a thread of its own.
class opener {
  public:
    explicit opener(const std::string& path)
        : result_(std::async(std::launch::async, [this, path] {
              thread_ = ::pthread_self();
              started_ = true;
              return open_error(path);
          })) {
        while (!started_) std::this_thread::yield();
    }
    void interrupt() { ::pthread_kill(thread_, SIGUSR1); }
    int result() { return result_.get(); }
    [[nodiscard]] bool answered() const {
        return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

  private:
    std::atomic<bool> started_{false};
    pthread_t thread_{};
    std::future<int> result_;
};

void wait_until_waiting(const queue_views& views, std::size_t jobs) {
    while (views.waiting() < jobs) std::this_thread::yield();
}

}  // namespace

TEST_CASE("what is known is read while the views are busy") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("known", numbered_text(100'000));
    const auto known = mounted.path("texts/known");
    const unique_fd held(::open(known.c_str(), O_RDONLY));
    mounted.growing.append("first\n");
    CHECK(read_through(mounted.path("logs/today.jsonl")) == "first\n");
    const unique_fd log(::open(mounted.path("logs/today.jsonl").c_str(), O_RDONLY));
    mounted.views.pause();
    std::vector<std::unique_ptr<opener>> openers;
    for (int number = 0; number < 10; ++number) {
        openers.push_back(
            std::make_unique<opener>(mounted.path("texts/other" + std::to_string(number))));
    }
    wait_until_waiting(mounted.views, 10);  // none holds up the others
    CHECK((read_rest(held.get()) == numbered_text(100'000)));
    CHECK(read_rest(log.get()) == "first\n");
    CHECK(::lseek(log.get(), 0, SEEK_SET) == 0);
    CHECK(run_command("stat -f " + mounted.path("")).exit_code == 0);
    mounted.views.resume();
    for (auto& one : openers) CHECK(one->result() == ENOENT);
}

TEST_CASE("an interrupted reader gets EINTR and the mount goes on") {
    if (!can_mount()) return;
    mounted_tree mounted;
    struct sigaction action {};
    action.sa_handler = &do_nothing;
    ::sigaction(SIGUSR1, &action, nullptr);
    mounted.texts->set("text", "bytes");
    for (int round = 0; round < 30; ++round) {
        mounted.views.next_moment();
        mounted.views.pause();
        opener waits(mounted.path("texts/text"));
        wait_until_waiting(mounted.views, 1);
        while (!waits.answered()) {
            waits.interrupt();
            ::usleep(100);
        }
        REQUIRE(waits.result() == EINTR);
        mounted.views.resume();
        mounted.views.run_there([] {});
    }
    CHECK(read_through(mounted.path("texts/text")) == "bytes");
}

TEST_CASE("interruptions and answers that race answer every request once") {
    if (!can_mount()) return;
    mounted_tree mounted;
    struct sigaction action {};
    action.sa_handler = &do_nothing;
    ::sigaction(SIGUSR1, &action, nullptr);
    mounted.texts->set("text", "bytes");
    std::atomic<int> good{0};
    std::atomic<int> interrupted{0};
    std::atomic<int> ended{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            for (int round = 0; round < 1500; ++round) {
                mounted.views.next_moment();
                if (round % 3 == 0) mounted.growing.append("line\n");
                const int error =
                    open_error(mounted.path(round % 2 == 0 ? "texts/text" : "logs/today.jsonl"));
                if (error == 0) ++good;
                if (error == EINTR) ++interrupted;
            }
            ++ended;
            while (ended < 3) std::this_thread::yield();
        });
    }
    while (ended < 3) {
        for (auto& reader : readers) ::pthread_kill(reader.native_handle(), SIGUSR1);
        ::usleep(50);
    }
    for (auto& reader : readers) reader.join();
    CHECK(good + interrupted == 4500);
    CHECK(good > 0);
    CHECK(read_through(mounted.path("texts/text")) == "bytes");
}

TEST_CASE("when the views end, who waits for them gets an error") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "bytes");
    CHECK(read_through(mounted.path("texts/text")) == "bytes");
    mounted.views.pause();
    mounted.views.next_moment();
    opener waits(mounted.path("texts/text"));
    wait_until_waiting(mounted.views, 1);
    mounted.views.shut();
    CHECK(waits.result() == EIO);
    CHECK(open_error(mounted.path("texts/text")) == EIO);
}

TEST_CASE("when the mount stops, who waits gets an error and late answers are dropped") {
    if (!can_mount()) return;
    mounted_tree mounted;
    mounted.texts->set("text", "bytes");
    mounted.views.pause();
    opener waits(mounted.path("texts/text"));
    wait_until_waiting(mounted.views, 1);
    mounted.mount->stop();
    const int error = waits.result();
    CHECK((error == EIO || error == ENOTCONN || error == ECONNABORTED));
    mounted.mount.reset();
    mounted.views.resume();
    mounted.views.run_there([] {});
}
