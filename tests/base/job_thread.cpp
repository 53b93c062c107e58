#include "support/catch.hpp"

#include <tallyfs/base/job_thread.hpp>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>
#include <vector>

using namespace tallyfs;

TEST_CASE("a job thread runs jobs in their order, and none before it is started or after its end") {
    std::vector<int> ran;
    job_thread jobs("the test's thread");
    CHECK_FALSE(jobs.post([&ran] { ran.push_back(0); }));
    jobs.start();
    std::promise<void> last;
    for (int i = 1; i < 100; ++i) CHECK(jobs.post([&ran, i] { ran.push_back(i); }));
    CHECK(jobs.post([&last] { last.set_value(); }));
    last.get_future().wait();
    jobs.stop();
    jobs.stop();
    CHECK_FALSE(jobs.post([&ran] { ran.push_back(0); }));
    REQUIRE(ran.size() == 99);
    CHECK(std::ranges::is_sorted(ran));
}

TEST_CASE("a job thread that stops ends the job under way and destroys those that wait") {
    job_thread jobs("the test's thread");
    jobs.start();
    std::promise<void> begun;
    std::promise<void> go_on;
    bool ended = false;
    CHECK(jobs.post([&] {
        begun.set_value();
        go_on.get_future().wait();
        ended = true;
    }));
    begun.get_future().wait();
    const auto held = std::make_shared<int>(0);
    bool ran = false;
    CHECK(jobs.post([held, &ran] { ran = true; }));
    CHECK(held.use_count() == 2);
    std::thread stopping([&jobs] { jobs.stop(); });
    while (held.use_count() > 1) std::this_thread::yield();
    CHECK_FALSE(jobs.post([&ran] { ran = true; }));
    go_on.set_value();
    stopping.join();
    CHECK(ended);
    CHECK_FALSE(ran);
}
