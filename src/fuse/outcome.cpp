#include "fuse/outcome.hpp"

#include "fuse/attributes.hpp"
#include "fuse/context.hpp"

namespace tallyfs::fuse {

namespace {

std::shared_ptr<inode> node_of(const failed&) {
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

    void operator()(const opened& answer) const {
        const auto number = served.handles.add(answer.made);
        int refused = 0;
        if (answer.made->backing != nullptr) {
            refused = passthrough::reply_open(request, number, *answer.made->backing);
        } else {
            fuse_file_info file{};
            file.fh = number;
            file.keep_cache = answer.made->listed == nullptr;
            file.noflush = 1;
            refused = fuse_reply_open(request, &file);
        }
        if (refused != 0) served.handles.remove(number);
    }
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
