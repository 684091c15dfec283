// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_CONNECTIONS_HPP
#define LEASEPOOL_TEST_CONNECTIONS_HPP

#include "integration/support/events.hpp"

#include <leasepool/wait_closed.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <istream>
#include <random>
#include <string>
#include <utility>

namespace leasepool::test {

using asio::ip::tcp;

/// The two ends of a connection through the loopback device.
struct connection {
    explicit connection(asio::io_context& io) : server(io), client(io)
    {
        tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        client.connect(acceptor.local_endpoint());
        server = acceptor.accept();
        client.set_option(tcp::no_delay(true));
    }

    /// The client leaves without reading what it was sent.
    void reset()
    {
        client.set_option(asio::socket_base::linger(true, 0));
        client.close();
    }

    tcp::socket server;
    tcp::socket client;
};

/// One wait, and what became of it.
template <class Stream>
class pending_wait {
public:
    pending_wait(asio::io_context& io, Stream& stream, asio::streambuf& buffer,
        wait_closed_options options = {})
        : done_(io)
    {
        async_wait_closed(stream, buffer, options,
            asio::bind_cancellation_slot(signal.slot(), [this](error_code e, error_code why) {
                error = e;
                reason = why;
                done_();
            }));
    }

    asio::awaitable<void> end() { return done_.await(); }
    bool ended() const { return done_.count() != 0; }

    asio::cancellation_signal signal;
    error_code error;
    error_code reason;

private:
    happening done_;
};

inline std::string take_line(asio::streambuf& buffer)
{
    std::istream from(&buffer);
    std::string line;
    std::getline(from, line);
    return line;
}

/// Lines that arrive before, during and after a wait that is canceled come out complete and in order.
template <class Stream>
asio::awaitable<void> lines_around_canceled_waits(
    asio::io_context& io, Stream& server, Stream& client, int lines)
{
    asio::streambuf buffer;
    std::mt19937 random(1);
    for (int i = 0; i != lines; ++i) {
        pending_wait wait(io, server, buffer);
        auto const text = std::to_string(i) + std::string(random() % 3'000, 'x');
        happening sent(io);
        auto const line = text + '\n';
        auto const write = [&] { asio::async_write(client, asio::buffer(line), sent.handler()); };
        auto const when = random() % 3;
        if (when == 0)
            write();
        for (auto turns = random() % 4; turns != 0; --turns)
            co_await asio::post(io, asio::use_awaitable);
        if (when == 1)
            write();
        wait.signal.emit(
            random() % 2 ? asio::cancellation_type::terminal : asio::cancellation_type::total);
        co_await wait.end();
        BOOST_TEST(wait.error == asio::error::operation_aborted);
        if (when == 2)
            write();
        co_await asio::async_read_until(server, buffer, '\n', asio::use_awaitable);
        BOOST_TEST_REQUIRE(take_line(buffer) == text);
        co_await sent.await();
    }
}

}  // namespace leasepool::test

#endif
