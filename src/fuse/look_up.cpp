// LOOKUP, GETATTR, READLINK and FORGET.
#include "fuse/attributes.hpp"
#include "fuse/errors.hpp"
#include "fuse/operations.hpp"

#include <cerrno>

namespace tallyfs::fuse {

namespace {

outcome answer_for(const std::shared_ptr<inode>& node) {
    if (node == nullptr) return failed{ENOENT};
    return entry_of{node};
}

std::string key_of_node(const inode& parent, std::string_view name, const tree::node& node) {
    std::string key = key_of(path_below(parent, name), node.content);
    if (node.access.owner) key += "@" + std::to_string(*node.access.owner);
    return key;
}

struct content_filler {
    context& served;
    inode& made;

    void operator()(const std::shared_ptr<const tree::directory>& directory) const {
        made.content.emplace<directory_content>(directory);
    }
    void operator()(const tree::text_file& text) const {
        auto bytes = served.rendered.size_of(made.key);
        if (!bytes) bytes = served.rendered.make(made.key, text)->size();
        made.content.emplace<text_content>(
            text_content{text.version, *bytes, text.write, text.is_part});
    }
    void operator()(const tree::log_file& file) const {
        auto& log = made.content.emplace<log_content>(file);
        // Nobody holds this inode yet, so there is nothing to prepare the kernel for.
        log.published = log.bytes();
        if (!log.closed) made.changed = changed_on_disk(log, made.changed);
    }
    void operator()(const tree::link& link) const {
        made.content.emplace<link_content>(link_content{link.target});
    }
    void operator()(const tree::personal&) const {
        throw std::logic_error(made.path + " was not resolved for a user");
    }
};

}  // namespace

const tree::directory* directory_of(const inode& node) noexcept {
    const auto* content = std::get_if<directory_content>(&node.content);
    return content != nullptr ? content->directory.get() : nullptr;
}

std::shared_ptr<inode> inode_of_node(context& served, const std::shared_ptr<inode>& parent,
                                     std::string_view name, const tree::node& node) {
    const auto key = key_of_node(*parent, name, node);
    auto found = served.inodes.intern(parent, name, key, [&](inode& made) {
        made.changed = node.changed;
        made.access = node.access;
        std::visit(content_filler{served, made}, node.content);
    });
    // The root has no parent that knows when it changed: it is as young as its youngest entry.
    if (parent->parent == nullptr && parent->changed.load() < node.changed) {
        parent->changed = node.changed;
    }
    if (auto* content = std::get_if<directory_content>(&found->content)) {
        content->directory = std::get<std::shared_ptr<const tree::directory>>(node.content);
        found->changed = node.changed;
    }
    return found;
}

std::optional<slow_text> slow_text_of(context& served, const inode& parent, std::string_view name,
                                      const tree::node& node) {
    const auto* text = std::get_if<tree::text_file>(&node.content);
    if (text == nullptr || !text->slow) return std::nullopt;
    auto key = key_of_node(parent, name, node);
    if (served.rendered.size_of(key)) return std::nullopt;
    return slow_text{std::move(key), *text};
}

void look_up(context& served, fuse_req_t request, fuse_ino_t parent_number, const char* name) {
    const auto parent = served.inodes.find(parent_number);
    if (parent == nullptr) return deliver(served, request, failed{ESTALE});
    if (!std::holds_alternative<directory_content>(parent->content)) {
        return deliver(served, request, failed{ENOTDIR});
    }
    const std::uint64_t moment = served.views.moment();
    if (const auto known = served.known.find(moment, *parent, name)) {
        return deliver(served, request, answer_for(*known));
    }
    ask_views(served, request,
              [parent, name = std::string(name), moment, asking = user_of(request)](
                  context& asked, bool current) -> decision {
                  const auto* directory = directory_of(*parent);
                  if (!current && directory->follows_journal()) return failed{EAGAIN};
                  auto found = directory->find(name);
                  const auto* own = found ? std::get_if<tree::personal>(&found->content) : nullptr;
                  const bool shared = own == nullptr;
                  // The node is kept beside its replacement: its function is running.
                  auto mine = shared ? std::move(found) : own->of(asking);
                  auto slow = mine ? slow_text_of(asked, *parent, name, *mine) : std::nullopt;
                  auto answer = [parent, name, moment, mine = std::move(mine),
                                 keep = current && shared](context& answering, const auto&) {
                      const auto node =
                          mine ? inode_of_node(answering, parent, name, *mine) : nullptr;
                      if (keep) answering.known.add(moment, *parent, name, node);
                      return answer_for(node);
                  };
                  if (slow) return apart{{std::move(*slow)}, std::move(answer)};
                  return answer(asked, std::vector<rendering>());
              });
}

void get_attributes(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
    const auto node = served.inodes.find(number);
    if (node == nullptr) return deliver(served, request, failed{ESTALE});
    deliver(served, request, attributes_of{node});
}

void read_link(context& served, fuse_req_t request, fuse_ino_t number) {
    const auto node = served.inodes.find(number);
    const auto* link = node != nullptr ? std::get_if<link_content>(&node->content) : nullptr;
    if (link == nullptr) return deliver(served, request, failed{EINVAL});
    fuse_reply_readlink(request, link->target.c_str());
}

void forget(context& served, fuse_req_t request, fuse_ino_t number, std::uint64_t count) {
    served.inodes.forget(number, count);
    fuse_reply_none(request);
}

void forget_many(context& served, fuse_req_t request, std::size_t count, fuse_forget_data* list) {
    for (const auto& one : std::span(list, count)) served.inodes.forget(one.ino, one.nlookup);
    fuse_reply_none(request);
}

}  // namespace tallyfs::fuse
