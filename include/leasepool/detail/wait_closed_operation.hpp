// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_WAIT_CLOSED_OPERATION_HPP
#define LEASEPOOL_DETAIL_WAIT_CLOSED_OPERATION_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>
#include <leasepool/error.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

/// The loop of `async_wait_closed`: it reads, and pauses while nothing may be read.
namespace leasepool::detail {

struct no_socket {};

/// Returns the socket below a stream; a null pointer to `no_socket` if it is based on something else.
template <class Stream>
auto* socket_below(Stream& stream) noexcept
{
    if constexpr (requires {
                      stream.async_wait(boost::asio::socket_base::wait_error, [](error_code) {});
                  })
        return &stream;
    else if constexpr (requires { stream.next_layer(); })
        return socket_below(stream.next_layer());
    else if constexpr (requires { stream.socket(); })
        return socket_below(stream.socket());
    else
        return static_cast<no_socket*>(nullptr);
}

/// Returns why the connection of a socket has ended; no error: it has not. Takes the error from the
/// socket.
error_code close_reason(int socket) noexcept;

/// `boost::asio::ssl::stream` ignores the other types of cancellation. For this operation they all mean
/// the same.
struct any_as_terminal {
    boost::asio::cancellation_type operator()(boost::asio::cancellation_type type) const noexcept
    {
        using enum boost::asio::cancellation_type;
        return type == none ? none : terminal;
    }
};

template <class Stream, class Buffer>
class wait_closed_operation {
public:
    wait_closed_operation(
        Stream& stream, Buffer& buffer, bool half_close_allowed, std::size_t max_buffered) noexcept
        : stream_(stream), buffer_(buffer), half_close_allowed_(half_close_allowed),
          max_buffered_(max_buffered)
    {
    }

    template <class Self>
    void operator()(Self& self, error_code error = {}, std::size_t bytes = 0)
    {
        if (state_ == state::initial) {
            self.reset_cancellation_state(any_as_terminal());
            return read(self);
        }
        if (state_ == state::failed)
            return self.complete(make_error_code(boost::system::errc::not_enough_memory), {});
        // Also data that has arrived together with an error or a cancellation.
        if (state_ == state::reading)
            buffer_.commit(bytes);
        if (is_canceled(self, error))
            return self.complete(boost::asio::error::operation_aborted, {});

        switch (state_) {
        case state::reading:
            if (!error)
                return read(self);
            if (error != boost::asio::error::eof || !half_close_allowed_)
                return self.complete({}, error);
            return pause(self);
        case state::paused:
            if (auto const reason = reason_to_end())
                return self.complete({}, reason);
            // The wait ends early when the peer sends urgent data. The next one would end at once, too.
            return back_off(self, std::chrono::steady_clock::now() + std::chrono::seconds{1});
        case state::backing_off:
            return pause(self);
        case state::initial:
        case state::failed:
            break;
        }
    }

private:
    enum class state {
        initial,
        reading,
        paused,       // waits for an error of the socket
        backing_off,  // between two of these waits
        failed,       // there is no memory
    };

    template <class Self>
    static bool is_canceled(Self& self, error_code error) noexcept
    {
        return error == boost::asio::error::operation_aborted ||
            error == boost::asio::error::bad_descriptor ||  // this program has closed it
            self.cancelled() != boost::asio::cancellation_type::none;
    }

    template <class Self>
    void read(Self& self)
    {
        constexpr std::size_t max_read = std::size_t{4} << 10;
        auto const limit = std::min<std::size_t>(max_buffered_, buffer_.max_size());
        auto const size = buffer_.size();
        if (size >= limit)
            return pause(self);
        using space_type = decltype(buffer_.prepare(std::size_t{1}));
        std::optional<space_type> space;
        try {
            space.emplace(buffer_.prepare(std::min(max_read, limit - size)));
        }
        catch (std::exception const&) {
            return fail(self);
        }
        state_ = state::reading;
        stream_.async_read_some(*space, std::move(self));
    }

    template <class Self>
    void fail(Self& self)
    {
        state_ = state::failed;
        boost::asio::post(stream_.get_executor(), std::move(self));
    }

    error_code reason_to_end() const noexcept
    {
        auto* const socket = socket_below(stream_);
        if constexpr (requires { socket->native_handle(); })
            return close_reason(socket->native_handle());
        else
            return {};
    }

    template <class Self>
    void pause(Self& self)
    {
        auto* const socket = socket_below(stream_);
        if constexpr (requires { socket->native_handle(); }) {
            state_ = state::paused;
            socket->async_wait(boost::asio::socket_base::wait_error, std::move(self));
        }
        else
            back_off(self, boost::asio::steady_timer::time_point::max());
    }

    template <class Self>
    void back_off(Self& self, boost::asio::steady_timer::time_point until)
    {
        try {
            if (!timer_)
                timer_ = std::make_unique<boost::asio::steady_timer>(stream_.get_executor());
        }
        catch (std::exception const&) {
            return fail(self);
        }
        auto& timer = *timer_;
        timer.expires_at(until);
        state_ = state::backing_off;
        timer.async_wait(std::move(self));
    }

    Stream& stream_;
    Buffer& buffer_;
    bool half_close_allowed_;
    std::size_t max_buffered_;
    state state_ = state::initial;
    std::unique_ptr<boost::asio::steady_timer> timer_;
};

}  // namespace leasepool::detail

#endif
