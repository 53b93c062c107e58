// Paths through a tree: those of the mount and those of admin's requests lead to the same files,
// whatever the names are. Format: docs/formats.md, "The tree".
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <tallyfs/base/text.hpp>
#include <tallyfs/tree/node.hpp>

#include <admin/session.hpp>

#include <algorithm>

namespace tallyfs::fuzz {

namespace {

tree::node text(std::string content) {
    return {tree::text_file{1, [content = std::move(content)] { return content; }}, {}};
}

tree::node directory(std::shared_ptr<const tree::directory> inner) {
    return {std::move(inner), {}};
}

/// A tree with a file of the given name in services/, a link to it and one in a circle.
std::shared_ptr<const tree::directory> tree_with(const std::string& name) {
    auto services = std::make_shared<tree::fixed_directory>();
    services->add(name, [] { return text("the file"); });
    services->add("inner", [] {
        auto inner = std::make_shared<tree::fixed_directory>();
        inner->add("total.json", [] { return text("{}"); });
        return directory(inner);
    });
    auto root = std::make_shared<tree::fixed_directory>();
    root->add("README.md", [] { return text("readme"); });
    root->add("services", [services] { return directory(services); });
    root->add("link", [] { return tree::node{tree::link{"services/inner/total.json"}, {}}; });
    root->add("circle", [] { return tree::node{tree::link{"circle"}, {}}; });
    return root;
}

std::string escaped(std::string_view name) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        (out += '%') += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

bool crosses_link(std::string_view path) {
    const auto first = path.find_first_not_of('/');
    if (first == path.npos) return false;
    path.remove_prefix(first);
    const auto name = path.substr(0, path.find('/'));
    return name == "link" || name == "circle";
}

}  // namespace

void tree_path(std::string_view input) {
    const auto path = take_until(input, '\n');
    const auto name = encode_name(input);
    const auto root = tree_with(name);

    const auto found = tree::resolve(*root, "services/" + name);
    require(found && std::holds_alternative<tree::text_file>(found->content),
            "every name can be looked up");
    for (const auto& target : {"/services/" + name, "/services/" + escaped(name)}) {
        const bool is_query = target.find('?') != target.npos;
        const auto page = admin::find_page(*root, target, true);
        if (!is_query && name != "inner")
            require(page.status == 200 && page.body == "the file", "admin finds every name");
    }

    const auto resolved = tree::resolve(*root, path);
    const auto page = admin::find_page(*root, path, true);
    require(page.status == 200 || page.status == 404 || page.status == 414,
            "a path is found or not");
    const bool plain = path.find_first_of("%?") == path.npos && !crosses_link(path);
    // The mount never asks for what is inside a file.
    if (plain && path.size() <= 4096)
        require((page.status == 200) == resolved.has_value() || path.ends_with('/'),
                "admin and mount show the same files");
    const auto number = tree::inode_of(path);
    const bool is_root = path.find_first_not_of('/') == path.npos;
    require(number != 0 && (number == 1) == is_root, "only the root has the root's number");
    require(number == tree::inode_of("/" + std::string(path)), "a path has one number");
}

}  // namespace tallyfs::fuzz
