// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_INPUT_PIPE_HPP
#define LEASEPOOL_LIBS_PROCESS_INPUT_PIPE_HPP

#include "descriptors.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <sys/uio.h>
#include <utility>

namespace leasepool::detail {

/// Calls writev(2) on a non-blocking pipe. If the pipe has no reader, fails with `broken_pipe`, and no
/// SIGPIPE is delivered: the signal is blocked on this thread during the call and then consumed. The
/// disposition of the signal is not changed.
std::size_t write_without_sigpipe(
    int fd, iovec const* pieces, std::size_t count, boost::system::error_code& ec) noexcept;

/// The end of a child's standard input that is written to; an Asio AsyncWriteStream, so
/// `asio::async_write` works on it.
///
/// It is a pipe, and not a socket on which MSG_NOSIGNAL could be asked for, because programs tell
/// the difference: /dev/stdin of a socket cannot be opened, and `bash -c` takes one for a remote
/// login and reads ~/.bashrc, of which one line of output breaks a protocol (both tried). Asio's own
/// pipes raise SIGPIPE. Blocking it costs 0.5 us a write; a round trip takes 6 us so, 7 us through a
/// socket (measured on Linux 6.18).
///
/// As for any I/O object: distinct ones may be used at the same time, one may not; it must not
/// outlive its execution context.
class input_pipe {
public:
    using executor_type = boost::asio::any_io_executor;

    /// @param end non-blocking
    input_pipe(executor_type const& ex, unique_fd end)
        : pipe_(std::make_shared<boost::asio::posix::stream_descriptor>(ex, end.get()))
    {
        end.release();
    }

    executor_type get_executor() noexcept { return pipe_->get_executor(); }
    bool is_open() const noexcept { return pipe_->is_open(); }

    /// The child reads an end of file when it has read what was written. A write that waits
    /// completes with `operation_aborted`.
    void close() noexcept
    {
        boost::system::error_code ignored;
        pipe_->close(ignored);
    }

    int native_handle() noexcept { return pipe_->native_handle(); }

    /// Waits until a write can make progress: the pipe has room, or it has no reader any more.
    template <class Token>
    auto async_wait(Token&& token)
    {
        return pipe_->async_wait(
            boost::asio::posix::descriptor_base::wait_write, std::forward<Token>(token));
    }

    /// Writes some of `buffers`, as soon as there is room for any of it.
    ///
    /// @par Completion Signature
    /// `void(error_code, std::size_t)`, with how many bytes; never inside this call.
    /// @par Errors
    /// `asio::error::broken_pipe` if the pipe has no reader any more; `operation_aborted`;
    /// `asio::error::bad_descriptor` if this end is closed.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: if it is canceled nothing was written.
    template <class ConstBuffers, class Token = boost::asio::deferred_t>
    auto async_write_some(ConstBuffers const& buffers, Token&& token = {})
    {
        return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
            write_op<ConstBuffers>{pipe_, buffers}, token, *pipe_);
    }

private:
    template <class ConstBuffers>
    struct write_op {
        // Shared, since a wait may have succeeded when the pipe's owner goes.
        std::shared_ptr<boost::asio::posix::stream_descriptor> pipe;
        ConstBuffers buffers;
        enum { initial, waited, written } stage = initial;
        boost::system::error_code result = {};
        std::size_t bytes = 0;

        template <class Self>
        void operator()(Self& self, boost::system::error_code ec = {})
        {
            if (stage == written)
                return self.complete(result, bytes);
            if (ec)
                return self.complete(ec, 0);
            // At once at first: there is nearly always room.
            bytes = write(result);
            if (result == boost::asio::error::would_block) {
                if (stage == initial)
                    self.reset_cancellation_state(boost::asio::enable_total_cancellation());
                stage = waited;
                auto& waited_for = *pipe;
                waited_for.async_wait(
                    boost::asio::posix::descriptor_base::wait_write, std::move(self));
            }
            else if (std::exchange(stage, written) == waited)
                self.complete(result, bytes);
            else {
                auto const ex = pipe->get_executor();
                boost::asio::post(ex, std::move(self));
            }
        }

        std::size_t write(boost::system::error_code& ec) const noexcept
        {
            std::array<iovec, 16> pieces;
            std::size_t count = 0;
            auto const end = boost::asio::buffer_sequence_end(buffers);
            for (auto at = boost::asio::buffer_sequence_begin(buffers);
                 at != end && count != pieces.size(); ++at) {
                boost::asio::const_buffer const piece(*at);
                if (piece.size() != 0)
                    pieces[count++] = {const_cast<void*>(piece.data()), piece.size()};
            }
            ec = {};
            return count == 0
                ? 0
                : write_without_sigpipe(pipe->native_handle(), pieces.data(), count, ec);
        }
    };

    std::shared_ptr<boost::asio::posix::stream_descriptor> pipe_;
};

}  // namespace leasepool::detail

#endif
