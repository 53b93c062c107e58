#include "postgres/collecting.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>

using namespace tallyfs;
using namespace tallyfs::test;
using namespace std::chrono_literals;

namespace {

std::chrono::milliseconds processor_time() {
    ::rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const ::timeval& time) {
        return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    return std::chrono::duration_cast<std::chrono::milliseconds>(of(used.ru_utime) +
                                                                 of(used.ru_stime));
}

long resident_megabytes() {
    std::ifstream file("/proc/self/statm");
    long pages = 0;
    file >> pages >> pages;
    return pages * 4 / 1024;
}

}  // namespace

TEST_CASE("300 databases cost little", "[.figures]") {
    NEEDS_POSTGRESQL();
    // Many names on few clusters, all of them one database: what is measured is who looks at it.
    const int clusters = 10;
    const int names = 30;
    postgres_cluster cluster;
    cluster.psql(
        "SELECT format('CREATE TABLE t%s (a int PRIMARY KEY, b text)', n)"
        " FROM generate_series(1, 100) n \\gexec");
    collecting of;
    of.settings.every = {};
    of.same_database = true;
    of.start();
    const auto resident_before = resident_megabytes();
    std::vector<health::registration> many;
    for (int i = 0; i < clusters * names; ++i) {
        many.push_back(registration_of(cluster, "cl-" + std::to_string(10 + i / names),
                                       "app" + std::to_string(100 + i)));
    }
    of.watch(many);
    for (const auto& name : many) {
        REQUIRE(of.becomes(
            name.cluster.cluster,
            [](const auto& server) {
                return std::ranges::all_of(server.databases,
                                           [](const auto& one) { return one.full != nullptr; });
            },
            180s));
    }
    // With the looks and waits of 30 seconds at the usual intervals; snapshots are part of it when
    // their turn comes.
    const auto before = processor_time();
    const auto start = std::chrono::steady_clock::now();
    const auto taken = of.server("cl-10")->sample->taken;
    REQUIRE(of.becomes(
        "cl-10", [&](const auto& server) { return server.sample->taken >= taken + 30s; }, 60s));
    const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start);
    const auto used = std::chrono::duration<double>(processor_time() - before);
    WARN(clusters * names << " databases: " << 100 * used.count() / passed.count()
                          << " % of one core, " << resident_megabytes() << " MB resident, "
                          << resident_before << " before");
    CHECK(resident_megabytes() < 200);
    CHECK(used.count() / passed.count() < 0.05);
}
