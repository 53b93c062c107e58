// A book of alerts whose changes are recorded, as its owner does it.
// Types: include/tallyfs/audit/alert.hpp.
#pragma once

#include "audit/made_event.hpp"
#include "support/catch.hpp"

#include <tallyfs/audit/alert.hpp>
#include <tallyfs/record/action.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tallyfs::audit::made {

inline tally counted(std::uint64_t first, std::uint64_t last, std::string session = "s1",
                     rule of = rule::person_dml, wall_time window = noon) {
    tally made;
    made.id = {of, "prod/orders-cl", "jd", window};
    made.first_number = first;
    made.last_number = last;
    made.events = static_cast<std::int64_t>(last - first + 1);
    made.statements = made.events;
    made.believable = made.events;
    made.first_logged = made.last_logged = window + 1s;
    if (!session.empty()) made.sessions = {std::move(session)};
    made.objects = {"public.orders"};
    made.text = "DELETE public.orders";
    return made;
}

class recorder {
  public:
    alert_book book;

    std::optional<alert_change> count(const tally& of, paging pages = paging::window) {
        auto change = book.judge(of, pages);
        if (change) record(*change, "tallyfs");
        return change;
    }
    bool pages(const tally& of, paging how = paging::window) {
        const auto change = count(of, how);
        return change && change->pages;
    }
    std::string say(std::uint32_t number, std::string_view text, std::string_view by = "anna") {
        auto answer = book.decide(number, text);
        CHECK(answer.change.has_value() == answer.problem.empty());
        if (answer.change) record(*answer.change, by);
        return answer.problem;
    }

  private:
    void record(const alert_change& change, std::string_view by) {
        CHECK(change.detail.size() < record::action_detail_bytes_max);
        REQUIRE(book.apply(change.event, std::to_string(change.number), change.detail, now_, by));
        now_ += 1s;
    }
    wall_time now_ = noon;
};

}  // namespace tallyfs::audit::made
