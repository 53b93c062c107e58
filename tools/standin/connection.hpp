// One client's connection: what is read ahead, whether the client has gone, what it waits for.
// Source: none, internal; used on the stand-in's thread only.
#pragma once

#include "async.hpp"

#include <chrono>
#include <memory>

namespace tallyfs::standin {

struct world;
struct loaded_model;

struct connection : std::enable_shared_from_this<connection> {
    connection(tcp_socket accepted, world& shared);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Watches for the client's end while nothing is read; sets `gone` and wakes whoever waits.
    void watch();
    /// Cuts the connection.
    void cut();
    /// Waits as long as a model would need for `nominal`; false if the client left meanwhile.
    [[nodiscard]] task<bool> wait(const world& shared, std::chrono::nanoseconds nominal);
    [[nodiscard]] task<bool> wait_exactly(std::chrono::nanoseconds duration);
    /// Until somebody cancels the timer.
    [[nodiscard]] task<> wait_for_news();

    tcp_socket socket;
    steady_timer timer;
    boost::beast::flat_buffer buffer;
    loaded_model* held = nullptr;  ///< whose slot it waits for
    bool gone = false;
    bool idle = true;  ///< between requests

  private:
    world& world_;
    bool watching_ = false;
};

}  // namespace tallyfs::standin
