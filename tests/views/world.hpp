// A journal, a ledger and the views of them, with a clock that a test sets; and its files read
// as the mount would read them.
// Paths: docs/formats.md, "The tree".
#pragma once

#include "support/manual_clock.hpp"
#include "support/temporary_directory.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/views/view_worker.hpp>

#include <fcntl.h>
#include <functional>
#include <future>
#include <stdexcept>

namespace tallyfs::test {

class world {
  public:
    /// What a state directory holds before the first thing in it is opened.
    using preparation = std::function<void(const std::filesystem::path&)>;

    explicit world(const char* start, const preparation& prepare = {})
        : directory(prepare), clock(*parse_rfc3339(start)) {
        calls.on_change([this] { views.journal_changed(); });
        const auto reconciled = ledger.reconcile(calls.segments());
        views.start(reconciled && !reconciled->empty() ? *reconciled : ledger.was_reset());
    }
    ~world() { views.stop(); }

    /// Appends a call whose id tells that it began then, by default just now.
    void append(record::call c, std::optional<wall_time> began = {}) {
        c.id = uuid::make(began.value_or(clock.wall()));
        const auto appended = calls.append([&](std::string& out, wall_time now) {
            c.time = now;
            record::append_line(out, c);
        });
        if (!appended) throw std::runtime_error(appended.error().message());
    }
    /// Runs `work` on the view thread, once it shows all that was appended; or, for what is
    /// always shown, in any case.
    template <class Work>
    auto ask(Work work, bool in_any_case = false) {
        std::promise<decltype(work())> answer;
        auto future = answer.get_future();
        const bool posted = views.post([&](bool current) {
            try {
                if (!current && !in_any_case)
                    throw std::runtime_error("the views did not catch up");
                answer.set_value(work());
            } catch (...) {
                answer.set_exception(std::current_exception());
            }
        });
        if (!posted) throw std::runtime_error("the view thread has ended");
        return future.get();
    }
    std::optional<tree::node> find(const std::string& path) {
        return ask([&] { return tree::resolve(*root, path); });
    }
    /// The bytes of a rendered file or a log, or the target of a link.
    std::string read(const std::string& path) {
        return ask([&]() -> std::string {
            const auto node = tree::resolve(*root, path);
            if (!node) throw std::runtime_error("there is no " + path);
            if (const auto* text = std::get_if<tree::text_file>(&node->content)) {
                return text->render();
            }
            if (const auto* link = std::get_if<tree::link>(&node->content)) return link->target;
            const auto& log = std::get<tree::log_file>(node->content);
            const auto file = open_file(log.path, O_RDONLY).value();
            return read_at(file.get(), 0, log.bytes()).value();
        });
    }
    /// status.txt, status.json or metrics.
    std::string read_live(const std::string& path) {
        return ask(
            [&] { return std::get<tree::text_file>(tree::resolve(*root, path)->content).render(); },
            true);
    }
    std::vector<std::string> names(const std::string& path) {
        return ask([&] {
            const auto node = tree::resolve(*root, path);
            std::vector<std::string> found;
            const auto& found_directory =
                std::get<std::shared_ptr<const tree::directory>>(node.value().content);
            for (const auto& entry : found_directory->list()) found.push_back(entry.name);
            return found;
        });
    }

    /// A temporary directory that is prepared before the members below open it.
    struct prepared_directory : temporary_directory {
        explicit prepared_directory(const preparation& prepare) {
            if (prepare) prepare(path());
        }
    };
    prepared_directory directory;
    manual_clock clock;
    journal::stream calls{directory.path() / "calls", clock};
    journal::open_calls open_calls{directory.path() / "open-calls", 16};
    ledger::ledger ledger{directory.path() / "ledger.sqlite"};
    ledger::rollup_files rollups{directory.path() / "rollups"};
    state::upstream_board upstream;
    state::proxy_counters counters;
    retention::sweeper sweeper{calls, rollups, clock};
    retention::gauge gauge{directory.path(), clock};
    journal::stream action_lines{directory.path() / "actions", clock};
    state::action_log actions{action_lines, directory.path() / "actions.head", "host",
                              [](const record::action&) {}};
    state::settings settings{std::vector<state::setting_definition>{}};
    state::desk desk;
    state::last_errors errors;
    state::control control{{settings, actions, desk, errors,
                            [](const tree::user&) -> std::optional<record::actor> {
                                return record::actor{"anna", "uid", 1000};
                            },
                            [] {}}};
    const approval::people people;
    const approval::chains chains;
    state::approvals approvals{{people, chains, {}, actions, desk, errors, clock, [] {}}};
    state::budgets budgets{clock};
    state::cancellations cancellations;
    state::canceller canceller{{cancellations, actions, desk, errors,
                                [](const tree::user&) { return std::nullopt; },
                                [](const uuid&) { return false; }, [] {}}};
    views::view_worker views{calls, rollups, ledger, open_calls, upstream, directory.path(), clock};
    std::shared_ptr<const tree::directory> root = views::make_root(
        {calls,
         rollups,
         ledger,
         counters,
         views.live(),
         sweeper,
         gauge,
         control,
         approvals,
         budgets,
         canceller,
         actions,
         {"0.1.0", "host", "127.0.0.1:11433", "127.0.0.1:11435", directory.path(), clock.wall()}});
};

inline record::call some_call(const std::string& service, const std::string& model) {
    record::call c;
    c.service = service;
    c.model = model;
    c.endpoint = "/api/chat";
    c.dialect = "native";
    c.status = 200;
    c.prompt_tokens = 100;
    c.output_tokens = 10;
    c.tokens_from = record::tokens_from::reported;
    c.duration_ms = std::chrono::seconds(3);
    c.prompt_eval_ms = std::chrono::seconds(1);
    c.eval_ms = std::chrono::seconds(1);
    return c;
}

}  // namespace tallyfs::test
