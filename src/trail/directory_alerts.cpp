#include "trail/directory_files.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/tree/make.hpp>

#include <algorithm>
#include <charconv>
#include <span>

namespace tallyfs::trail {

namespace {

constexpr tree::access anybody_may_try{0666, std::nullopt};
constexpr std::size_t evidence_events_max = 10'000;

std::string state_text(const audit::alert& of) {
    std::string text(to_string(of.state));
    if (!of.by.empty()) text += " by " + of.by;
    if (!of.reason.empty()) text += ": " + of.reason;
    text += "\n";
    if (of.state == audit::alert_state::open) text += "To acknowledge it: echo ack > state\n";
    if (of.state != audit::alert_state::closed) {
        text += "To close it: echo 'close: REASON' > state\n";
    }
    return text;
}

/// The events that the alert counts.
ledger::audit_query evidence_of(const audit::alert& of) {
    const auto& id = of.tally.id;
    ledger::audit_query query;
    query.cluster = id.cluster;
    // The index has the name as the log has it; is_of() knows how an alert shows it.
    const bool is_shown_as_is = id.user.find('%') == std::string::npos && id.user != "(other)";
    if (!id.user.empty() && is_shown_as_is) query.user = id.user;
    query.rule = std::string(to_string(id.rule));
    query.from = id.window;
    query.until = id.window + audit::window_length;
    query.events_max = evidence_events_max;
    return query;
}

/// Of an audit that is blind there are no events: what was found wrong.
std::string evidence_text(const auditor_state& from, const audit::alert& of) {
    if (of.tally.id.rule == audit::rule::blind) {
        std::string line = "{\"found\":";
        append_json_string(line, of.tally.text);
        return line + "}\n";
    }
    const auto counts = [&id = of.tally.id](const record::audit_event& event) {
        return is_of(event, id);
    };
    return events_text(from, evidence_of(of), counts);
}

/// An alert's files are those of now, also where its directory was looked up before.
class alert_files {
  public:
    alert_files(auditor_state& from, audit::alert found)
        : from_(from), found_(std::make_shared<const audit::alert>(std::move(found))) {}

    [[nodiscard]] tree::node node() const {
        auto files = std::make_shared<tree::fixed_directory>();
        add(*files, {"alert.json", [](auto&, auto& of) { return audit::to_json(of); }});
        add(*files, {.name = "evidence.jsonl", .text = evidence_text, .slow = true});
        add(*files, {.name = "state",
                     .text = [](auto&, auto& of) { return state_text(of); },
                     .write =
                         [&from = from_, number = found_->number](
                             const tree::user& by, std::string text, tree::answer answer) {
                             from.alerts.decide(by, number, std::move(text), std::move(answer));
                         }});
        return tree::directory_node(std::move(files), found_->changed);
    }

  private:
    struct file {
        std::string name;
        std::string (*text)(const auditor_state&, const audit::alert&);
        bool slow = false;
        tree::write_command write = nullptr;
    };

    void add(tree::fixed_directory& files, const file& shown) const {
        files.add(shown.name, [&from = from_, found = found_, shown] {
            const auto now = from.alerts.find(found->number);
            const auto of = now ? std::make_shared<const audit::alert>(*now) : found;
            tree::text_file text;
            text.version = tree::version_of(of->number, of->tally.events,
                                            of->changed.time_since_epoch().count(),
                                            static_cast<int>(of->state), from.store.deletions());
            text.render = [of, &from, text = shown.text] { return text(from, *of); };
            text.write = shown.write;
            text.slow = shown.slow;
            const tree::access access = shown.write ? anybody_may_try : tree::access{};
            return tree::node{std::move(text), of->changed, access};
        });
    }

    auditor_state& from_;
    const std::shared_ptr<const audit::alert> found_;
};

/// alerts/open or alerts/closed: one directory an alert.
class alerts_directory final : public tree::directory {
  public:
    alerts_directory(directory_sources sources, bool closed)
        : sources_(std::move(sources)), closed_(closed) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        const auto& alerts = sources_.from.alerts;
        const auto all = closed_ ? alerts.closed() : alerts.open();
        const auto listed = std::span(all).last(std::min(all.size(), alerts_listed_max));
        for (const auto& one : listed) {
            entries.push_back({directory_name(one), alert_files(sources_.from, one).node()});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        std::uint32_t number = 0;
        std::from_chars(name.data(), name.data() + name.size(), number);
        const auto found = sources_.from.alerts.find(number);
        if (!found || directory_name(*found) != name) return std::nullopt;
        if ((found->state == audit::alert_state::closed) != closed_) return std::nullopt;
        return alert_files(sources_.from, *found).node();
    }

  private:
    const directory_sources sources_;
    const bool closed_;
};

}  // namespace

std::shared_ptr<const tree::directory> make_alerts_directory(const directory_sources& sources,
                                                             bool closed) {
    return std::make_shared<alerts_directory>(sources, closed);
}

}  // namespace tallyfs::trail
