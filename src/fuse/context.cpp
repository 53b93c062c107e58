#include "fuse/context.hpp"

#include "fuse/errors.hpp"

#include <array>
#include <cerrno>
#include <span>
#include <unistd.h>

namespace tallyfs::fuse {

context::context(const mount_options& options, std::shared_ptr<const tree::directory> root,
                 tree::view_thread& answering)
    : views(answering),
      uid(::getuid()),
      gid(::getgid()),
      started(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())),
      inodes(std::move(root)),
      rendered(options.rendered_bytes_max),
      sizes(*this) {}

context& context_of(fuse_req_t request) noexcept {
    return *static_cast<context*>(fuse_req_userdata(request));
}

tree::user user_of(fuse_req_t request) {
    const auto* from = fuse_req_ctx(request);
    tree::user asking{from->uid, {from->gid}};
    // The kernel allows 65,536; who is in more than a few has them read once more.
    std::array<gid_t, 64> few{};
    std::vector<gid_t> many;
    const int count = fuse_req_getgroups(request, static_cast<int>(few.size()), few.data());
    if (count <= 0) return asking;  // the process is gone: its primary group is known
    const auto size = static_cast<std::size_t>(count);
    std::span<const gid_t> groups(few.data(), std::min(size, few.size()));
    if (size > few.size()) {
        many.resize(size);
        const int again = fuse_req_getgroups(request, count, many.data());
        groups =
            std::span(many).first(std::min(size, static_cast<std::size_t>(std::max(again, 0))));
    }
    asking.groups.insert(asking.groups.end(), groups.begin(), groups.end());
    return asking;
}

completion::~completion() {
    answer(failed{EIO});
}

void completion::answer(outcome result) {
    if (const auto served = std::exchange(served_, {}).lock()) {
        deliver(*served, ticket_, std::move(result));
    }
}

namespace {

/// A question under way. Destroyed without having been asked, it answers EIO.
class pending_question {
  public:
    pending_question(context& served, parked_requests::ticket ticket, question ask)
        : served_(served.weak_from_this()), ticket_(ticket), ask_(std::move(ask)) {}
    pending_question(const pending_question&) = delete;
    pending_question& operator=(const pending_question&) = delete;
    ~pending_question() {
        if (const auto served = served_.lock()) deliver(*served, ticket_, failed{EIO});
    }

    void run(bool current) {
        const auto served = served_.lock();
        if (served == nullptr) return;
        const auto working = served->parked.begin_work(ticket_);
        if (!working) return;
        outcome result = failed{EIO};
        try {
            result = ask_(*served, current);
        } catch (...) {
            result = failed{error_of_exception("answering from the views")};
        }
        deliver(*served, ticket_, std::move(result));
        served_.reset();
    }

  private:
    std::weak_ptr<context> served_;
    const parked_requests::ticket ticket_;
    const question ask_;
};

}  // namespace

void ask_views(context& served, fuse_req_t request, question ask) {
    const auto ticket = served.parked.park(request);
    if (ticket == 0) return;
    const auto pending = std::make_shared<pending_question>(served, ticket, std::move(ask));
    // If the views are ending, the job is dropped, and its end answers the request.
    static_cast<void>(served.views.post([pending](bool current) { pending->run(current); }));
}

}  // namespace tallyfs::fuse
