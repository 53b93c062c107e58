#include "fuse/context.hpp"

#include "fuse/errors.hpp"

#include <cerrno>
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
