// What it costs to keep events of an audit: processor time to append lines to a chain, several with
// one write(2) and one by one, and to index them; and how long a search takes.
// Usage: audit_store [EVENTS] [DAYS] [DIRECTORY]. Format: docs/formats.md, "Audit index".

#include <tallyfs/journal/chain.hpp>
#include <tallyfs/ledger/audit_index.hpp>

#include <support/manual_clock.hpp>
#include <support/temporary_directory.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

namespace {

using namespace tallyfs;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t batch_events = 500;
constexpr auto first_day = std::chrono::sys_days(std::chrono::days(20'777));

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

template <class Result>
auto checked(Result&& done) {
    if (!done) {
        std::fprintf(stderr, "audit_store: %s\n", done.error().message().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<typename std::decay_t<Result>::value_type>) {
        return std::move(*done);
    }
}

/// 20 users, 500 objects, 8 classes, and now and then a user of few events.
class traffic {
  public:
    record::audit_event next(wall_time now, bool rare) {
        record::audit_event e;
        e.node = "db-watch-1";
        e.kind = "statement";
        e.cluster = "prod/orders-cl";
        e.trust = "structured";
        e.logged = now;
        e.user = rare ? "jane_doe" : "app_user_" + std::to_string(random_() % 20);
        e.account = rare ? "person" : "service";
        e.database = "orders";
        e.pid = 4000 + static_cast<std::int64_t>(random_() % 100);
        e.remote = "10.2.4.17";
        e.session = "673f1a2b." + std::to_string(*e.pid);
        e.line = static_cast<std::int64_t>(++line_);
        e.application = "orders-service";
        e.type = "session";
        e.statement_id = e.line;
        e.substatement_id = 1;
        constexpr std::array classes{"READ", "WRITE", "FUNCTION", "ROLE",
                                     "DDL",  "MISC",  "READ2",    "MISC_SET"};
        e.class_name = classes[random_() % classes.size()];
        e.command = "SELECT";
        e.object_type = "TABLE";
        e.object = "public.table_" + std::to_string(random_() % 500);
        e.rows = 1;
        e.statement =
            "select o.id, o.total, c.name from orders o join customers c on c.id = o.customer_id "
            "where o.state = $1 and o.created_at > $2 order by o.created_at desc limit $3";
        e.key = "0123456789abcdef";
        return e;
    }

  private:
    std::mt19937 random_{7};
    std::uint64_t line_ = 0;
};

struct store {
    explicit store(const std::filesystem::path& home)
        : directory(home / "audit"),
          lines(directory, clock),
          links(lines, home / "audit.head"),
          index(home / "audit.sqlite") {}

    test::manual_clock clock{first_day};
    std::filesystem::path directory;
    journal::stream lines;
    journal::chain links;
    ledger::audit_index index;
    double making = 0;
    double appending = 0;
    double indexing = 0;

    void take(std::vector<record::audit_event>& events) {
        // What the lines are made of is not what is measured here.
        const auto begin = processor_seconds();
        std::vector<std::string> bodies(events.size());
        for (std::size_t i = 0; i < events.size(); ++i) {
            events[i].previous = record::no_line_before;
            record::append_line(bodies[i], events[i]);
            const auto behind_link = bodies[i].find("\",\"node\"") + 1;
            bodies[i].erase(0, behind_link);
        }
        const auto made = processor_seconds();
        std::vector<journal::batch_line> placed;
        checked(links.append_all(
            events.size(),
            [&](std::size_t i, std::string& out, wall_time now, std::uint64_t number,
                std::string_view previous) {
                events[i].number = number;
                events[i].previous = previous;
                record::append_chain_link(out, {now, number, previous});
                out += bodies[i];
            },
            placed, false));
        const auto appended = processor_seconds();
        std::vector<ledger::indexed_event> indexed;
        for (std::size_t i = 0; i < events.size(); ++i) {
            indexed.push_back({&events[i], placed[i].at, placed[i].bytes});
        }
        checked(index.add(indexed));
        making += made - begin;
        appending += appended - made;
        indexing += processor_seconds() - appended;
    }
};

void time_search(const char* name, const store& from, const ledger::audit_query& query) {
    double best = 1e9;
    ledger::audit_found found;
    for (int round = 0; round < 3; ++round) {
        const auto start = clock_type::now();
        found = checked(from.index.find(query, from.directory, [](auto, const auto&) {}));
        best = std::min(best, std::chrono::duration<double>(clock_type::now() - start).count());
    }
    std::printf("%-44s %9.1f ms  %llu events, %llu lines looked through\n", name, best * 1000,
                static_cast<unsigned long long>(found.events),
                static_cast<unsigned long long>(found.lines_read));
}

/// One line a write(2), and many: what the system call costs.
void time_writes(const std::filesystem::path& home) {
    for (const std::size_t batch : {std::size_t{1}, batch_events}) {
        test::manual_clock clock(first_day);
        journal::stream lines(home / std::to_string(batch), clock);
        journal::chain links(lines, home / (std::to_string(batch) + ".head"));
        const std::string body = ",\"text\":\"" + std::string(560, 'x') + "\"}\n";
        const auto begin = processor_seconds();
        constexpr std::size_t count = 200'000;
        std::vector<journal::batch_line> placed;
        for (std::size_t done = 0; done < count; done += batch) {
            checked(links.append_all(
                batch,
                [&](std::size_t, std::string& out, wall_time now, std::uint64_t number,
                    std::string_view previous) {
                    record::append_chain_link(out, {now, number, previous});
                    out += body;
                },
                placed, false));
        }
        const auto seconds = processor_seconds() - begin;
        std::printf(
            "chain, %3zu lines of %llu bytes together: %6.2f us a line: 50,000/s take "
            "%.2f of a core\n",
            batch, static_cast<unsigned long long>(placed.front().bytes), seconds / count * 1e6,
            seconds / count * 50'000);
    }
}

void run(const std::filesystem::path& home, std::size_t events, std::size_t days) {
    time_writes(home);
    store kept(home);
    traffic made;
    std::vector<record::audit_event> batch;
    for (std::size_t i = 0; i < events;) {
        const auto passed = std::chrono::microseconds(static_cast<std::int64_t>(
            86'400e6 * static_cast<double>(days * i) / static_cast<double>(events)));
        kept.clock.step_to(first_day + passed);
        batch.clear();
        for (; batch.size() < batch_events && i < events; ++i) {
            const bool rare = i % (events / 50) < 20;
            batch.push_back(made.next(first_day + passed, rare));
        }
        kept.take(batch);
    }
    const auto begin = processor_seconds();
    checked(kept.index.flush());
    kept.indexing += processor_seconds() - begin;
    const auto count = kept.index.count();
    const auto each = 1e6 / static_cast<double>(events);
    std::printf("%zu events in %zu days, %.0f bytes a line\n", events, days,
                static_cast<double>(kept.lines.bytes_after({})) / static_cast<double>(events));
    std::printf("chain %.2f us a line, index %.2f us an event, its file %.1f MB, %llu names\n",
                kept.appending * each, kept.indexing * each,
                static_cast<double>(count.file_bytes) / 1e6,
                static_cast<unsigned long long>(count.names));
    const wall_time middle = first_day + std::chrono::days(days / 2);
    ledger::audit_query query;
    query.user = "jane_doe";
    query.class_name = "WRITE";
    query.from = middle;
    query.until = middle + std::chrono::days(1);
    time_search("WRITE of a rare user, one day", kept, query);
    query.from.reset();
    query.until.reset();
    time_search("WRITE of a rare user, all days", kept, query);
    query.user = "app_user_7";
    query.from = middle;
    query.until = middle + std::chrono::days(1);
    time_search("WRITE of one of 20 users, one day", kept, query);
    query.object = "public.table_77";
    time_search("the same of one of 500 objects", kept, query);
    query = {};
    query.user = "nobody";
    time_search("a user that is not there", kept, query);
    query = {};
    time_search("the newest 10,000", kept, query);
}

}  // namespace

int main(int argc, char** argv) {
    zone::use("UTC");
    const auto argument = [&](int i, std::size_t otherwise) {
        return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
    };
    const test::temporary_directory directory;
    const std::filesystem::path home = argc > 3 ? argv[3] : directory.path().string();
    run(home, argument(1, 1'000'000), argument(2, 10));
}
