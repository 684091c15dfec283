// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WAIT_CLOSED_HPP
#define LEASEPOOL_WAIT_CLOSED_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/wait_closed_operation.hpp>
#include <leasepool/error.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace leasepool {

/// What it means that the peer sends no more: a FIN of TCP, a close_notify of TLS.
enum class half_close {
    /// The peer is gone. That is right for HTTP.
    gone,
    /// The peer may still wait for the answer. It is gone when the connection is reset.
    allowed,
};

/// Options of `async_wait_closed`.
struct wait_closed_options {
    half_close on_half_close = half_close::gone;
    /// While the buffer contains this number of bytes, or its own `max_size()`, nothing is read. So the
    /// memory for data that the peer sends ahead is bounded.
    std::size_t max_buffered = std::size_t{64} << 10;
};

// g++ 12 destroys aggregate temporaries in a `co_await` operand twice.
static_assert(std::is_trivially_destructible_v<wait_closed_options>);

/// Waits until the peer of a connection is gone, so that work for it can be canceled.
///
/// The end of a stream is found by reading. The operation appends all data that comes meanwhile, such
/// as the next requests of a pipeline, to `buffer`, from which the session goes on reading.
///
/// @code
/// using namespace boost::asio::experimental::awaitable_operators;
/// constexpr auto as_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
///
/// auto const outcome = co_await (lease.async_run(resize_job(image), as_tuple) ||
///     leasepool::async_wait_closed(stream, buffer, boost::asio::use_awaitable));
/// if (outcome.index() == 1)
///     co_return;  // the client has left; the job was asked to stop
/// auto const& [error, picture] = std::get<0>(outcome);
/// @endcode
///
/// `as_tuple` is necessary: `||` waits for an operation that succeeds, so after a job that throws it
/// would wait until the client leaves. `||` completes when both operations have completed. So it waits
/// for a function that has begun, after asking it to stop.
///
/// @param stream an `AsyncReadStream`: a socket, `boost::asio::ssl::stream`,
///     `boost::beast::tcp_stream`. No other read of it may be outstanding. A timeout of a Beast stream
///     also ends this wait; call `expires_never()` before.
/// @param buffer a dynamic buffer with `prepare`, `commit`, `size` and `max_size`, such as
///     `boost::beast::flat_buffer`. Must not be used before the operation completes.
/// @par Completion Signature
/// @code void(error_code error, error_code reason) @endcode
/// `error` is none if the peer is gone. Then `reason` says why: `boost::asio::error::eof`,
/// `connection_reset`, `broken_pipe` (a reset after the end of the peer's stream), or another error
/// after which the stream cannot be read.
/// @par Errors
/// - `boost::asio::error::operation_aborted`: the operation was canceled, or this program has closed
///   the socket, or has canceled a read or a wait of the stream that was outstanding.
/// - `std::errc::not_enough_memory`: the buffer cannot grow.
/// @par Per-Operation Cancellation
/// terminal, partial, total: the stream's `async_read_some` is canceled with `terminal`. After that the
/// connection can be used further, and no data is lost. With `boost::asio::ssl::stream` (tested with
/// Boost 1.81 and 1.92) this does not hold if the read had to write meanwhile, as for a renegotiation
/// that a client of TLS 1.2 demands; disable renegotiation (SSL_OP_NO_RENEGOTIATION).
/// @par Full buffer
/// While nothing is read, as with `half_close::allowed` after the peer's end, a reset of the connection
/// is noticed (on Linux), but not the end of its stream. After urgent data this may take a second, as
/// may the notice that this program has closed the socket. For a stream that is not based on a socket of
/// Asio, only a cancellation is noticed.
/// @par Lifetime
/// `stream` and `buffer` must exist until the operation completes.
/// @par Executor
/// The handler's associated executor, by default the stream's. The handler is never called inside the
/// initiating call.
/// @par Threads
/// As for the stream: not concurrently with other calls for the same stream.
template <class Stream, class Buffer, class Token = boost::asio::deferred_t>
auto async_wait_closed(
    Stream& stream, Buffer& buffer, wait_closed_options options, Token&& token = Token())
{
    return boost::asio::async_compose<Token, void(error_code, error_code)>(
        detail::wait_closed_operation<Stream, Buffer>(
            stream, buffer, options.on_half_close == half_close::allowed, options.max_buffered),
        token, stream);
}

/// Waits as above, with default options.
template <class Stream, class Buffer, class Token = boost::asio::deferred_t>
requires(!std::same_as<std::decay_t<Token>, wait_closed_options>) auto async_wait_closed(
    Stream& stream, Buffer& buffer, Token&& token = Token())
{
    return async_wait_closed(stream, buffer, wait_closed_options(), std::forward<Token>(token));
}

}  // namespace leasepool

#endif
