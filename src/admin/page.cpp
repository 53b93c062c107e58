#include "admin/session.hpp"

#include <charconv>

namespace tallyfs::admin {

namespace {

constexpr std::size_t path_bytes_max = 4096;  // PATH_MAX of Linux
constexpr int links_max = 8;                  // the tree has none that lead to another

std::optional<std::string> decode(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at];
            continue;
        }
        unsigned value = 0;
        if (at + 2 >= text.size()) return std::nullopt;
        const auto* const digits = text.data() + at + 1;
        const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
        if (error != std::errc() || end != digits + 2) return std::nullopt;
        plain += static_cast<char>(value);
        at += 2;
    }
    return plain;
}

/// Nobody is known here, so what is for the daemon's user alone is shown to nobody.
bool is_for_all(const tree::node& node) {
    constexpr unsigned others = 0004;
    return node.access.mode == 0 || (node.access.mode & others) != 0;
}

struct found {
    tree::node node;
    bool follows_journal = false;
};

/// Walks names one by one. A name with an encoded '/' was encoded by the tree as well, so the
/// path is split before it is decoded; the raw name is tried after the decoded one.
std::optional<found> walk(const tree::directory& root, std::string_view path, int links_left) {
    const tree::directory* at = &root;
    std::shared_ptr<const tree::directory> owner;
    bool follows = false;
    std::string_view parent;
    for (std::size_t from = 0; from < path.size();) {
        const auto end = std::min(path.find('/', from), path.size());
        const auto raw = path.substr(from, end - from);
        if (raw.empty()) {
            from = end + 1;
            continue;
        }
        const auto name = decode(raw);
        auto next = at->find(raw);
        if (!next && name) next = at->find(*name);
        if (!next || !is_for_all(*next)) return std::nullopt;
        follows = follows || at->follows_journal();
        parent = path.substr(0, from);
        if (const auto* link = std::get_if<tree::link>(&next->content)) {
            if (links_left == 0) return std::nullopt;
            const auto rest = end < path.size() ? path.substr(end) : std::string_view();
            return walk(root, std::string(parent) + link->target + std::string(rest),
                        links_left - 1);
        }
        const auto* directory = std::get_if<std::shared_ptr<const tree::directory>>(&next->content);
        if (directory == nullptr) {
            if (end < path.size()) return std::nullopt;
            return found{std::move(*next), follows};
        }
        owner = *directory;
        at = owner.get();
        from = end + 1;
    }
    follows = follows || at->follows_journal();
    // The root is not owned by anyone here: it is shown through an alias without ownership.
    if (!owner) owner = std::shared_ptr<const tree::directory>(std::shared_ptr<void>(), &root);
    return found{{owner, {}}, follows};
}

std::string type_of(std::string_view path) {
    if (path.ends_with(".json")) return "application/json";
    if (path.ends_with(".jsonl")) return "application/x-ndjson";
    if (path.ends_with(".csv")) return "text/csv; charset=utf-8";
    if (path.ends_with("metrics")) return "text/plain; version=0.0.4; charset=utf-8";
    return "text/plain; charset=utf-8";
}

std::string listing(const tree::directory& directory) {
    std::string text;
    for (const auto& entry : directory.list()) {
        if (!is_for_all(entry.node)) continue;
        text += entry.name;
        if (std::holds_alternative<std::shared_ptr<const tree::directory>>(entry.node.content)) {
            text += '/';
        }
        text += '\n';
    }
    return text;
}

page failure(int status, std::string what) {
    return {status, "text/plain; charset=utf-8", std::move(what), std::nullopt};
}

}  // namespace

page find_page(const tree::directory& root, std::string_view target, bool current) {
    const auto path = target.substr(0, target.find('?'));
    if (path.size() > path_bytes_max) return failure(414, "This path is too long.\n");
    const auto node = walk(root, path, links_max);
    // Nobody is known here, so what is another file for each user is none.
    if (!node || std::holds_alternative<tree::personal>(node->node.content)) {
        return failure(404, "There is no such file. Begin at /README.md\n");
    }
    if (node->follows_journal && !current) {
        return failure(503, "The ledger is catching up: see /status.txt, then try again.\n");
    }
    page result{200, type_of(path), {}, std::nullopt};
    if (const auto* text = std::get_if<tree::text_file>(&node->node.content)) {
        if (text->slow) {
            result.slow_body = text->render;
        } else {
            result.body = text->render();
        }
    } else if (const auto* log = std::get_if<tree::log_file>(&node->node.content)) {
        result.log = *log;
    } else {
        const auto& directory =
            std::get<std::shared_ptr<const tree::directory>>(node->node.content);
        result.content_type = "text/plain; charset=utf-8";
        result.body = listing(*directory);
    }
    return result;
}

}  // namespace tallyfs::admin
