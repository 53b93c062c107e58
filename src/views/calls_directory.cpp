#include "views/captures_directory.hpp"
#include "views/directories.hpp"
#include "views/ledger_rows.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/state/segments_directory.hpp>
#include <tallyfs/tree/make.hpp>

#include <nlohmann/json.hpp>

#include <fcntl.h>

namespace tallyfs::views {

namespace {

using json = nlohmann::ordered_json;

json open_call_json(const journal::open_call& call, wall_time now) {
    const auto& c = call.so_far;
    const auto or_null = [](const auto& value) { return value ? json(*value) : json(); };
    const auto elapsed = std::max(now - call.started, std::chrono::microseconds(0));
    json object = json::object();
    object["id"] = c.id.to_string();
    object["phase"] = journal::to_string(call.now);
    object["service"] = c.service;
    object["task"] = or_null(c.task);
    object["principal"] = c.principal;
    object["client"] = c.client;
    object["endpoint"] = c.endpoint;
    object["model"] = or_null(c.model);
    object["stream"] = or_null(c.stream);
    object["started"] = to_rfc3339(call.started);
    object["elapsed_ms"] = elapsed.count() / 1000;
    object["output_tokens"] = c.output_tokens.value_or(0);
    json rate;
    if (c.first_token_ms && elapsed > *c.first_token_ms && c.output_tokens.value_or(0) > 1) {
        const auto seconds = std::chrono::duration<double>(elapsed - *c.first_token_ms).count();
        rate = std::round(static_cast<double>(*c.output_tokens) / seconds * 10) / 10;
    }
    object["tokens_per_second"] = rate;
    return object;
}

/// calls/inflight: a file a running call, as of the last live tick.
class inflight_directory final : public tree::directory {
  public:
    explicit inflight_directory(const sources& from) : from_(from) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries{{"cancel", cancel_node()}};
        const auto& live = from_.live;
        for (const auto& call : live.open_calls) {
            const auto text =
                open_call_json(call, live.now).dump(2, ' ', false, json::error_handler_t::replace) +
                "\n";
            const auto id = call.so_far.id.to_string();
            auto node =
                tree::text_node(std::hash<std::string>()(text), live.now, [text] { return text; });
            if (from_.canceller.removal_allowed()) {
                node.remove = [this, id](const tree::user& by, tree::answer answer) {
                    from_.canceller.cancel(by, id, std::move(answer));
                };
            }
            entries.push_back({id + ".json", std::move(node)});
        }
        std::ranges::sort(entries, {}, &tree::named_node::name);
        return entries;
    }

  private:
    [[nodiscard]] tree::node cancel_node() const {
        constexpr std::string_view help = "To cancel a call: echo ID > calls/inflight/cancel\n";
        return {
            tree::text_file{1, [help] { return std::string(help); },
                            [this](const tree::user& by, std::string text, tree::answer answer) {
                                from_.canceller.cancel(by, std::move(text), std::move(answer));
                            }},
            from_.facts.started,
            {0666, std::nullopt}};
    }

    const sources& from_;
};

/// calls/by-id: resolves any call's id, and lists nothing.
class by_id_directory final : public tree::directory {
  public:
    explicit by_id_directory(const sources& from) : from_(from) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override { return {}; }
    [[nodiscard]] bool follows_journal() const override { return true; }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto id = uuid::parse(name);
        if (!id) return std::nullopt;
        const auto place = rows_of(from_.ledger.locate(*id, from_.calls.directory()));
        if (!place) return std::nullopt;
        auto files = std::make_shared<tree::fixed_directory>();
        const auto path = from_.calls.directory() / place->segment.file_name();
        const auto time = id->time();
        files->add("call.json", [path, place, time] {
            return tree::text_node(tree::version_of(place->offset), time,
                                   [path, place] { return read_line(path, *place); });
        });
        add_capture(*files, from_.facts.state_directory / "captures", *id);
        return tree::directory_node(std::move(files), time);
    }

  private:
    static std::string read_line(const std::filesystem::path& path, const ledger::place& place) {
        const auto file = open_file(path, O_RDONLY).value();
        const auto line = read_at(file.get(), place.offset, place.bytes).value();
        return json::parse(line).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
    }

    const sources& from_;
};

}  // namespace

std::shared_ptr<const tree::directory> make_calls_directory(const sources& from) {
    auto day = std::make_shared<state::segments_directory>(from.calls);
    auto inflight = std::make_shared<inflight_directory>(from);
    auto by_id = std::make_shared<by_id_directory>(from);
    auto captures = make_captures_directory(from.facts.state_directory / "captures");
    const auto started = from.facts.started;
    const auto segment_changed = [&from] { return zone::start_of(current_day(from)); };

    auto directory = std::make_shared<tree::fixed_directory>();
    directory->add("README.md", [] { return tree::readme_node(calls_readme); })
        .add("by-id", [=] { return tree::directory_node(by_id, started); })
        .add("captures",
             [=] {
                 return tree::node{captures, started, {0500, std::nullopt}};
             })
        .add("day", [=] { return tree::directory_node(day, segment_changed()); })
        .add("inflight",
             [=, &from] {
                 auto node = tree::directory_node(inflight, from.live.now);
                 if (from.control.other_operators()) node.access.mode = 0777;
                 return node;
             })
        .add("today.jsonl", [=, &from] {
            return tree::link_node("day/" + from.calls.end().segment.file_name(),
                                   segment_changed());
        });
    return directory;
}

}  // namespace tallyfs::views
