// OPENDIR takes the listing, READDIR and READDIRPLUS page through it.
#include "fuse/attributes.hpp"
#include "fuse/operations.hpp"

#include <cerrno>

namespace tallyfs::fuse {

namespace {

outcome opened_listing(std::shared_ptr<const listing> listed) {
    auto made = std::make_shared<handle>();
    made->node = listed->directory;
    made->listed = std::move(listed);
    return opened{std::move(made)};
}

decision list_directory(context& served, const std::shared_ptr<inode>& node, std::uint64_t moment,
                        bool current) {
    const auto* directory = directory_of(*node);
    if (!current && directory->follows_journal()) return failed{EAGAIN};
    auto found = directory->list();
    std::vector<slow_text> slow;
    for (const auto& entry : found) {
        if (auto one = slow_text_of(served, *node, entry.name, entry.node)) {
            slow.push_back(std::move(*one));
        }
    }
    const auto answer = [node, moment, current, found = std::move(found)](context& answering,
                                                                          const auto&) {
        auto listed = std::make_shared<listing>();
        listed->directory = node;
        for (const auto& [name, entry] : found) {
            const bool shared = !std::holds_alternative<tree::personal>(entry.content);
            listed->entries.push_back(
                {name, shared ? inode_of_node(answering, node, name, entry) : nullptr});
        }
        if (current) answering.known.add(moment, listed);
        return opened_listing(std::move(listed));
    };
    if (!slow.empty()) return apart{std::move(slow), answer};
    return answer(served, std::vector<rendering>());
}

/// Fills an answer of at most `size` bytes with entries from `offset` on. Offsets count entries:
/// "." is 0, ".." is 1.
class page {
  public:
    page(context& served, fuse_req_t request, const listing& listed, std::size_t size)
        : served_(served), request_(request), listed_(listed), bytes_(size) {}

    void fill(std::size_t offset, bool plus) {
        const std::size_t count = listed_.entries.size() + dots;
        for (std::size_t index = offset; index < count; ++index) {
            if (!(plus ? add_plus(index) : add(index))) return;
        }
    }

    /// Sends it. References of a page that the kernel did not take are taken back.
    void reply() {
        if (fuse_reply_buf(request_, bytes_.data(), used_) == 0) return;
        for (const auto& node : given_) served_.inodes.forget(node->number, 1);
    }

  private:
    static constexpr std::size_t dots = 2;

    [[nodiscard]] const inode& dot(std::size_t index) const {
        const auto& here = *listed_.directory;
        return index == 1 && here.parent != nullptr ? *here.parent : here;
    }

    /// Number and type are all that a plain listing tells. A name that is another node for each
    /// user is a file, and the kernel looks it up for each.
    [[nodiscard]] struct stat short_status(std::size_t index) const {
        struct stat status {};
        const inode* node = index < dots ? &dot(index) : listed_.entries[index - dots].node.get();
        if (node == nullptr) {
            status.st_ino = tree::inode_of(path_below(*listed_.directory, name(index)));
            status.st_mode = S_IFREG;
            return status;
        }
        status.st_ino = tree::inode_of(node->path);
        status.st_mode = status_of(served_, *node).st_mode;
        return status;
    }

    bool add(std::size_t index) {
        const auto status = short_status(index);
        return advance(fuse_add_direntry(request_, bytes_.data() + used_, bytes_.size() - used_,
                                         name(index), &status, static_cast<off_t>(index + 1)));
    }

    bool add_plus(std::size_t index) {
        const bool gives_none = index < dots || listed_.entries[index - dots].node == nullptr;
        fuse_entry_param entry{};
        if (gives_none) {
            entry.attr = short_status(index);  // number 0: gives no reference
        } else {
            entry = entry_parameters(served_, *listed_.entries[index - dots].node);
        }
        const bool fits =
            advance(fuse_add_direntry_plus(request_, bytes_.data() + used_, bytes_.size() - used_,
                                           name(index), &entry, static_cast<off_t>(index + 1)));
        if (fits && !gives_none) {
            given_.push_back(listed_.entries[index - dots].node);
            served_.inodes.remember(given_.back());
        }
        return fits;
    }

    [[nodiscard]] const char* name(std::size_t index) const {
        if (index == 0) return ".";
        return index == 1 ? ".." : listed_.entries[index - dots].name.c_str();
    }

    bool advance(std::size_t needed) {
        if (needed > bytes_.size() - used_) return false;
        used_ += needed;
        return true;
    }

    context& served_;
    fuse_req_t request_;
    const listing& listed_;
    std::vector<char> bytes_;
    std::size_t used_ = 0;
    std::vector<std::shared_ptr<inode>> given_;
};

void read_page(context& served, fuse_req_t request, std::size_t size, off_t offset,
               const fuse_file_info* file, bool plus) {
    const auto opened_directory = served.handles.find(file->fh);
    if (opened_directory == nullptr || opened_directory->listed == nullptr || offset < 0) {
        return deliver(served, request, failed{EBADF});
    }
    page answer(served, request, *opened_directory->listed, size);
    answer.fill(static_cast<std::size_t>(offset), plus);
    answer.reply();
}

}  // namespace

void open_directory(context& served, fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
    const auto node = served.inodes.find(number);
    if (node == nullptr) return deliver(served, request, failed{ESTALE});
    if (!std::holds_alternative<directory_content>(node->content)) {
        return deliver(served, request, failed{ENOTDIR});
    }
    const std::uint64_t moment = served.views.moment();
    if (auto listed = served.known.find_listing(moment, *node)) {
        return deliver(served, request, opened_listing(std::move(listed)));
    }
    ask_views(served, request, [node, moment](context& asked, bool current) {
        return list_directory(asked, node, moment, current);
    });
}

void read_directory(context& served, fuse_req_t request, fuse_ino_t, std::size_t size, off_t offset,
                    fuse_file_info* file) {
    read_page(served, request, size, offset, file, false);
}

void read_directory_plus(context& served, fuse_req_t request, fuse_ino_t, std::size_t size,
                         off_t offset, fuse_file_info* file) {
    read_page(served, request, size, offset, file, true);
}

}  // namespace tallyfs::fuse
