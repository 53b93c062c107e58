// A command of a person, posted to the desk, and its answer back on the connection's own thread.
// Source: Boost.Asio, "Initiating functions".
#pragma once

#include "admin/session.hpp"

#include <tallyfs/state/approvals.hpp>

#include <functional>

namespace tallyfs::admin {

struct answered {
    state::command_failure failure;
    std::uint32_t number = 0;
};

/// `start` is called once, with what is to be called with the answer.
[[nodiscard]] asio::awaitable<answered> on_desk(std::function<void(state::approvals::reply)> start);

/// The status of an answer to a command that failed with this errno; 200 for 0.
[[nodiscard]] int status_of(int number) noexcept;

}  // namespace tallyfs::admin
