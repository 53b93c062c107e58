#include "views/approvals_text.hpp"
#include "views/directories.hpp"

#include <tallyfs/tree/inbox.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::views {

namespace {

using approval::entry;
using state::approvals;

/// Whether somebody may write is judged by who they are, in the command: not by a mode.
constexpr tree::access anybody_may_try{0666, std::nullopt};

std::uint64_t hash_of(const std::string& text) {
    return std::hash<std::string>()(text);
}

tree::node shown(std::string text, wall_time changed) {
    const auto version = hash_of(text);
    return tree::text_node(version, changed, [text = std::move(text)] { return text; });
}

tree::node written(std::string text, wall_time changed, tree::write_command write) {
    const auto version = hash_of(text);
    return {tree::text_file{version, [text = std::move(text)] { return text; }, std::move(write)},
            changed, anybody_may_try};
}

/// One request: pending/0042-cloud-model or done/0042-cloud-model. Its texts are made when they are
/// looked for: a listing of a thousand requests makes none.
class request_files {
  public:
    request_files(const sources& all, entry e)
        : from_(all.approvals),
          now_(all.live.now),
          effects_(all.effects),
          e_(std::make_shared<const entry>(std::move(e))) {}

    [[nodiscard]] tree::node node() const {
        auto files = std::make_shared<tree::fixed_directory>();
        const auto& asked = e_->request.asked;
        add(*files, "request.json", request_json);
        add(*files, "evidence.md", approval::evidence_page);
        const auto suffix = plan_suffix();
        if (!asked.plan.empty()) {
            add(*files, "plan" + suffix,
                [](const entry& e) { return e.request.asked.plan + "\n"; });
        }
        if (!asked.undo.empty()) {
            add(*files, "undo" + suffix,
                [](const entry& e) { return e.request.asked.undo + "\n"; });
        }
        add_command(*files, "objections", objections_text, &approvals::object);
        add_command(*files, "state", state_text, &approvals::command);
        if (is_finished(e_->state)) {
            add(*files, "record.json", approval::decision_record);
            files->add("result.json", [e = e_, effects = effects_] { return result(*e, effects); });
            if (e_->state == approval::state::done && !asked.undo.empty() && e_->undone_by == 0) {
                add_command(
                    *files, "undo",
                    [](const entry&) {
                        return std::string("To take it back: echo 'why' > undo\n");
                    },
                    &approvals::undo);
            }
        }
        add_steps(*files);
        return tree::directory_node(std::move(files), e_->changed);
    }

  private:
    using render = std::string (*)(const entry&);
    using command = void (approvals::*)(const tree::user&, std::uint32_t, std::string,
                                        tree::answer);

    void add(tree::fixed_directory& files, std::string name, render text) const {
        files.add(std::move(name), [e = e_, text] { return shown(text(*e), e->changed); });
    }
    [[nodiscard]] std::string plan_suffix() const {
        const auto& kinds = from_.kinds();
        const auto kind =
            std::ranges::find(kinds, e_->request.asked.kind, &state::approval_kind::name);
        return kind != kinds.end() ? kind->plan_suffix : ".txt";
    }
    static tree::node result(const entry& e, const decltype(sources::effects)& effects) {
        const auto effect = effects ? effects(e.request.number) : std::nullopt;
        if (!effect) return shown(result_json(e, ""), e.changed);
        return shown(result_json(e, effect->json), std::max(e.changed, effect->changed));
    }
    void add_command(tree::fixed_directory& files, std::string name, render text,
                     command carried_out) const {
        files.add(std::move(name), [&from = from_, e = e_, text, carried_out] {
            return written(text(*e), e->changed,
                           [&from, number = e->request.number, carried_out](
                               const tree::user& by, std::string words, tree::answer answer) {
                               (from.*carried_out)(by, number, std::move(words), std::move(answer));
                           });
        });
    }
    void add_steps(tree::fixed_directory& files) const {
        files.add("steps", [&from = from_, e = e_, now = now_] {
            auto all = std::make_shared<tree::fixed_directory>();
            const auto& steps = e->request.chain.steps;
            for (std::uint32_t step = 1; step <= steps.size(); ++step) {
                all->add(std::to_string(step) + "-" + steps[step - 1].role,
                         [&from, e, now, step] { return step_node(from, now, e, step); });
            }
            return tree::directory_node(std::move(all), e->changed);
        });
    }
    static tree::node step_node(approvals& from, wall_time now,
                                const std::shared_ptr<const entry>& e, std::uint32_t step) {
        auto files = std::make_shared<tree::fixed_directory>();
        files->add("role", [&from, e, now, step] {
            return shown(role_text(*e, step, {from.people(), now}), e->changed);
        });
        files->add("decision", [&from, e, step] {
            return written(decision_text(*e, step), e->changed,
                           [&from, number = e->request.number, step](
                               const tree::user& by, std::string words, tree::answer answer) {
                               from.decide(by, number, step, std::move(words), std::move(answer));
                           });
        });
        return tree::directory_node(std::move(files), e->changed);
    }

    approvals& from_;
    const wall_time now_;
    const decltype(sources::effects) effects_;
    const std::shared_ptr<const entry> e_;
};

class requests_directory final : public tree::directory {
  public:
    requests_directory(const sources& from, bool finished) : from_(from), finished_(finished) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> nodes;
        for (const auto& e : from_.approvals.list()) {
            if (is_finished(e.state) == finished_) {
                nodes.push_back({directory_name(e.request), node_of(e)});
            }
        }
        std::ranges::sort(nodes, {}, &tree::named_node::name);
        return nodes;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto number = approval::parse_number(name);
        auto e = number ? from_.approvals.find(*number) : std::nullopt;
        if (!e || is_finished(e->state) != finished_ || directory_name(e->request) != name) {
            return std::nullopt;
        }
        return node_of(std::move(*e));
    }

  private:
    [[nodiscard]] tree::node node_of(entry e) const {
        return request_files(from_, std::move(e)).node();
    }

    const sources& from_;
    const bool finished_;
};

}  // namespace

std::shared_ptr<const tree::directory> make_approvals_directory(const sources& from) {
    auto pending = std::make_shared<requests_directory>(from, false);
    auto done = std::make_shared<requests_directory>(from, true);
    auto inbox = std::make_shared<tree::inbox_directory>(tree::inbox_directory::parts{
        [&from](std::uint32_t uid, std::string_view name) {
            return from.approvals.inbox(uid, name);
        },
        [&from](const tree::user& by, std::string name, std::string text, tree::answer answer) {
            from.approvals.open(by, std::move(name), std::move(text), std::move(answer));
        },
        [&from] { return from.live.now; }});
    auto waiting = std::make_shared<tree::live_file>();
    const auto readme = std::make_shared<const std::string>(approvals_readme(from.approvals));
    auto directory = std::make_shared<tree::fixed_directory>();
    directory->add("README.md", [readme] { return tree::readme_node(readme); })
        .add("done", [=, &from] { return tree::directory_node(done, from.facts.started); })
        .add("new",
             [=, &from] {
                 auto node = tree::directory_node(inbox, from.facts.started);
                 node.access.mode = 0777;
                 return node;
             })
        .add("pending", [=, &from] { return tree::directory_node(pending, from.facts.started); })
        .add("waiting.txt", [=, &from] {
            const approval::context at{from.approvals.people(), from.live.now};
            return waiting->node(waiting_text(from.approvals.list(), at), from.live.now);
        });
    return directory;
}

}  // namespace tallyfs::views
