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

/// A question under way: asked on the view thread, perhaps rendered apart, then answered on the
/// view thread. Destroyed without an answer, it answers EIO.
class pending_question : public std::enable_shared_from_this<pending_question> {
  public:
    pending_question(context& served, parked_requests::ticket ticket, question ask)
        : served_(served.weak_from_this()), ticket_(ticket), ask_(std::move(ask)) {}
    pending_question(const pending_question&) = delete;
    pending_question& operator=(const pending_question&) = delete;
    ~pending_question() {
        if (const auto served = served_.lock()) deliver(*served, ticket_, failed{EIO});
    }

    void run(bool current) {
        step([this, current](context& served) -> std::optional<outcome> {
            auto decided = ask_(served, current);
            if (auto* const answer = std::get_if<outcome>(&decided)) return std::move(*answer);
            static_cast<void>(served.views.post_apart(
                [self = shared_from_this(), later = std::get<apart>(std::move(decided))] {
                    self->render(later);
                }));
            return std::nullopt;
        });
    }

  private:
    /// Does a part of the work, unless nobody waits for it any more; what it gives is the answer.
    void step(const std::function<std::optional<outcome>(context&)>& work) {
        const auto served = served_.lock();
        if (served == nullptr) return;
        const auto working = served->parked.begin_work(ticket_);
        if (!working) return;
        if (auto answer = attempt(*served, work)) give(*served, std::move(*answer));
    }

    /// On the thread beside the views. The mount's end waits for no slow text.
    void render(const apart& later) {
        const auto served = served_.lock();
        if (served == nullptr || !served->parked.begin_work(ticket_)) return;
        auto failure = attempt(*served, [this, &later](context& asked) -> std::optional<outcome> {
            std::vector<rendering> made;
            for (const auto& [key, text] : later.texts) {
                auto known = asked.rendered.find(key);  // made for somebody else meanwhile
                made.push_back(known != nullptr ? known : asked.rendered.make(key, text));
            }
            static_cast<void>(asked.views.post(
                [self = shared_from_this(), then = later.then, made = std::move(made)](bool) {
                    self->step(
                        [&](context& answering) { return std::optional(then(answering, made)); });
                }));
            return std::nullopt;
        });
        if (failure) give(*served, std::move(*failure));
    }

    static std::optional<outcome> attempt(
        context& served, const std::function<std::optional<outcome>(context&)>& work) {
        try {
            return work(served);
        } catch (...) {
            return failed{error_of_exception("answering from the views")};
        }
    }

    /// The answer may be on its way for a while (publisher): our end does not answer then.
    void give(context& served, outcome answer) {
        deliver(served, ticket_, std::move(answer));
        served_.reset();
    }

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
