#include "fuse/outcome.hpp"

#include "fuse/attributes.hpp"
#include "fuse/context.hpp"

namespace tallyfs::fuse {

namespace {

template <class Answer>
std::shared_ptr<inode> node_of(const Answer&) {
    return nullptr;
}
std::shared_ptr<inode> node_of(const entry_of& answer) {
    return answer.node;
}
std::shared_ptr<inode> node_of(const attributes_of& answer) {
    return answer.node;
}
std::shared_ptr<inode> node_of(const opened& answer) {
    return answer.made->node;
}

/// Whether lines have been appended that the kernel has not been told of.
bool behind(const outcome& result) {
    const auto node = growing_log_of(result);
    if (node == nullptr) return false;
    const auto* log = node->growing_log();
    return log->bytes() > log->published;
}

struct sender {
    context& served;
    fuse_req_t request;

    void operator()(const failed& answer) const { fuse_reply_err(request, answer.number); }

    void operator()(const entry_of& answer) const {
        const auto entry = entry_parameters(served, *answer.node);
        served.inodes.remember(answer.node);
        // An answer that was not taken (the request was interrupted) gives no reference.
        if (fuse_reply_entry(request, &entry) != 0) served.inodes.forget(answer.node->number, 1);
    }

    void operator()(const attributes_of& answer) const {
        const auto status = status_of(served, *answer.node);
        fuse_reply_attr(request, &status, attribute_seconds(*answer.node));
    }

    /// What can be written, or is another file for each user, is never read through the kernel's
    /// cache.
    [[nodiscard]] static fuse_file_info file_info(std::uint64_t number, const handle& made) {
        fuse_file_info file{};
        file.fh = number;
        const bool direct = made.node->writable() != nullptr || made.node->access.owner;
        file.direct_io = direct;
        file.keep_cache = made.listed == nullptr && !direct;
        const auto* text = made.node->writable();
        file.noflush = text == nullptr || text->is_part == nullptr;
        return file;
    }

    void operator()(const opened& answer) const {
        const auto number = served.handles.add(answer.made);
        int refused = 0;
        if (answer.made->backing != nullptr) {
            refused = passthrough::reply_open(request, number, *answer.made->backing);
        } else {
            const auto file = file_info(number, *answer.made);
            refused = fuse_reply_open(request, &file);
        }
        if (refused != 0) served.handles.remove(number);
    }

    void operator()(const created& answer) const {
        const auto& node = answer.made->node;
        const auto entry = entry_parameters(served, *node);
        const auto number = served.handles.add(answer.made);
        const auto file = file_info(number, *answer.made);
        served.inodes.remember(node);
        if (fuse_reply_create(request, &entry, &file) == 0) return;
        served.handles.remove(number);
        served.inodes.forget(node->number, 1);
    }

    void operator()(const written& answer) const { fuse_reply_write(request, answer.bytes); }

    void operator()(const done&) const { fuse_reply_err(request, 0); }
};

}  // namespace

std::shared_ptr<inode> growing_log_of(const outcome& result) {
    auto node = std::visit([](const auto& answer) { return node_of(answer); }, result);
    return node != nullptr && node->growing_log() != nullptr ? node : nullptr;
}

void send(context& served, fuse_req_t request, const outcome& result) {
    std::visit(sender{served, request}, result);
}

void deliver(context& served, fuse_req_t request, const outcome& result) {
    if (!behind(result)) return send(served, request, result);
    const auto ticket = served.parked.park(request);
    if (ticket != 0) served.sizes.wait_for(ticket, result);
}

void deliver(context& served, parked_requests::ticket ticket, outcome result) {
    if (behind(result)) return served.sizes.wait_for(ticket, std::move(result));
    if (const auto claimed = served.parked.take(ticket)) send(served, claimed->request(), result);
}

}  // namespace tallyfs::fuse
