// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_OUT_QUEUE_HPP
#define LEASEPOOL_PROCESS_OUT_QUEUE_HPP

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace leasepool::detail {

/// What is to be written to a worker. Small pieces are gathered, so that many messages are one
/// write; large ones are not copied.
class out_queue {
public:
    /// From here on a piece is not copied.
    static constexpr std::size_t large = std::size_t{8} << 10;
    /// A piece that is so long gets no more, so that its memory is let go when it is written: the
    /// queue of a busy worker may never be empty.
    static constexpr std::size_t full = std::size_t{64} << 10;

    /// Appends bytes that stay where they are until they are written or the queue is cleared.
    void append(std::string_view bytes);

    /// A buffer to append to.
    std::string& tail();

    bool empty() const noexcept { return pieces_.empty(); }
    void clear() noexcept;

    /// How many bytes have been appended, and written, in all.
    std::uint64_t appended() const noexcept;
    std::uint64_t written() const noexcept { return written_; }

    /// Writes until all is written, or there is no room (`would_block`), or it fails.
    boost::system::error_code write_to(int fd) noexcept;

private:
    struct piece {
        std::string own;
        std::string_view foreign;  // if that is not empty
        std::size_t done = 0;

        std::string_view rest() const noexcept
        {
            return (foreign.empty() ? std::string_view(own) : foreign).substr(done);
        }
    };

    void advance(std::size_t bytes) noexcept;

    std::deque<piece> pieces_;
    std::string spare_;  // memory of a piece that is written
    std::uint64_t written_ = 0;
};

}  // namespace leasepool::detail

#endif
