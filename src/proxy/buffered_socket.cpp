#include "proxy/buffered_socket.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstring>

namespace tallyfs::proxy {

namespace {
// Most requests and most pieces of a stream fit; what does not makes the buffer grow.
constexpr std::size_t first_capacity = 4096;
// Below this a read is not worth a system call of its own.
constexpr std::size_t room_min = 512;

void skip(buffered_socket::buffers& data, std::size_t count) {
    for (auto& part : data) {
        const auto step = std::min(count, part.size());
        part += step;
        count -= step;
    }
}
}  // namespace

buffered_socket::buffered_socket(tcp_socket socket, std::size_t bytes_max)
    : socket_(std::move(socket)),
      bytes_max_(std::max(bytes_max, first_capacity)),
      capacity_(first_capacity),
      bytes_(std::make_unique_for_overwrite<char[]>(first_capacity)) {}

void buffered_socket::reallocate(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(larger.get(), bytes_.get() + begin_, end_ - begin_);
    bytes_ = std::move(larger);
    end_ -= begin_;
    begin_ = 0;
    capacity_ = capacity;
}

void buffered_socket::make_room() {
    if (begin_ == end_) begin_ = end_ = 0;
    const bool grow = filled_ || end_ - begin_ + room_min > capacity_;
    filled_ = false;
    if (grow && capacity_ < bytes_max_) {
        reallocate(std::min(capacity_ * 2, bytes_max_));
    } else if (begin_ > 0 && capacity_ - end_ < room_min) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
}

void buffered_socket::shrink() {
    if (capacity_ == first_capacity || reading_ || begin_ != end_) return;
    reallocate(first_capacity);
    filled_ = false;
}

bool buffered_socket::silent() {
    if (end_reason_ || begin_ != end_) return false;
    char next = 0;
    error_code error;
    (void)socket_.receive(asio::buffer(&next, 1), tcp_socket::message_peek, error);
    return error == asio::error::would_block || error == asio::error::try_again;
}

void buffered_socket::arm() {
    if (reading_ || end_reason_) return;
    make_room();
    if (end_ == capacity_) return;
    reading_ = true;
    socket_.async_read_some(
        asio::buffer(bytes_.get() + end_, capacity_ - end_),
        [this](const error_code& error, std::size_t count) { on_read(error, count); });
}

void buffered_socket::on_read(const error_code& error, std::size_t count) {
    reading_ = false;
    end_ += count;
    filled_ = end_ == capacity_;
    if (error && !end_reason_) end_reason_ = error;
    // Whoever is told may destroy this object: nothing follows.
    if (arrived_.awaited()) {
        arrived_.notify(end_reason_ ? fill_result::ended : fill_result::more);
    } else if (idle_) {
        const auto handler = std::exchange(idle_, nullptr);
        handler(ended());
    }
}

task<fill_result> buffered_socket::ready(fill_result result) {
    co_return result;
}

task<fill_result> buffered_socket::fill() {
    arm();
    if (!reading_) return ready(end_reason_ ? fill_result::ended : fill_result::full);
    return arrived_.wait();
}

void buffered_socket::interrupt() {
    arrived_.notify(fill_result::interrupted);
}

bool buffered_socket::write_now(buffers& data, error_code& error) {
    const bool single = data[1].size() == 0 && data[2].size() == 0;
    const auto sent =
        single ? socket_.write_some(asio::buffer(data[0]), error) : socket_.write_some(data, error);
    if (error == asio::error::would_block || error == asio::error::try_again) error.clear();
    skip(data, sent);
    return data[0].size() + data[1].size() + data[2].size() == 0;
}

task<error_code> buffered_socket::write(buffers data) {
    error_code error;
    if (write_now(data, error) || error) co_return error;
    co_await asio::async_write(socket_, data, into(error));
    co_return error;
}

void buffered_socket::close() {
    if (!end_reason_) end_reason_ = asio::error::operation_aborted;
    error_code ignored;  // a socket that cannot be closed is closed already
    socket_.close(ignored);
}

void buffered_socket::abort() {
    error_code ignored;  // a socket that is closed already
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
}

void buffered_socket::shutdown_write() {
    error_code ignored;  // the peer may have reset the connection: then there is nothing to say
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

task<> buffered_socket::settle() {
    while (reading_) (void)co_await arrived_.wait();
}

}  // namespace tallyfs::proxy
