// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_LINE_BUFFER_HPP
#define LEASEPOOL_WIRE_LINE_BUFFER_HPP

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace leasepool::wire {

/// Cuts a stream of bytes into lines: the reader's side of the framing.
///
/// @code
/// for (;;) {
///     auto const space = buffer.prepare();
///     auto const n = read(fd, space.data(), space.size());
///     if (n <= 0) break;                          // then look at unfinished()
///     buffer.commit(n);
///     while (auto const line = buffer.next()) use(*line);
///     if (buffer.too_long()) give_up(buffer.start());
/// }
/// @endcode
///
/// A line ends with `\n`, and a `\r` just before that is no part of it. Lines are views into the
/// buffer, valid until the next `prepare`. What comes out does not depend on how the bytes were cut
/// into reads.
///
/// Each byte is searched once and moved a bounded number of times on average, however it arrives.
/// Memory follows the longest line that is incomplete. When that is taken it comes back: at once what
/// is more than `spared_bytes`, the rest if the next few reads have no use for it, since long lines
/// seldom come alone.
class line_buffer {
public:
    /// Room that `prepare` gives at least, and memory that is kept when a long line is gone.
    static constexpr std::size_t least_space = std::size_t{4} << 10;
    static constexpr std::size_t kept_bytes = std::size_t{64} << 10;
    static constexpr std::size_t spared_bytes = std::size_t{4} << 20;
    static constexpr int spared_reads = 8;
    /// Of a line that is too long, what `start` has at most.
    static constexpr std::size_t start_bytes = 256;

    /// @param max_line_bytes of a line without its end.
    explicit line_buffer(std::size_t max_line_bytes) noexcept : max_line_{max_line_bytes} {}

    /// Space to read into, `least_space` bytes or more. Ends the life of every view given before.
    /// If memory runs out (`std::bad_alloc`) the buffer is as it was.
    std::span<char> prepare();

    /// `n` bytes of what `prepare` gave were read.
    void commit(std::size_t n) noexcept;

    /// The next complete line, without its end. None: read more, unless `too_long`.
    std::optional<std::string_view> next() noexcept;

    /// A line exceeded the limit. There is no telling where the next message would begin, so there
    /// are no lines any more: what is read from now on is dropped.
    bool too_long() const noexcept { return too_long_; }

    /// The first bytes of the line that was too long.
    std::string_view start() const noexcept;

    /// At the end of the stream, after the last line: the bytes of a line that was never ended.
    /// Empty unless the peer stopped in the middle of a message.
    std::string_view unfinished() const noexcept;

    /// Another limit, for the lines that are not taken yet.
    void limit_to(std::size_t max_line_bytes) noexcept { max_line_ = max_line_bytes; }

    /// Bytes of memory held.
    std::size_t capacity() const noexcept { return capacity_; }

private:
    std::size_t pending() const noexcept { return end_ - begin_; }
    void move_to(std::size_t capacity);
    bool exceeds_limit() const noexcept;
    void give_up() noexcept;

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;    // of what was not taken
    std::size_t scanned_ = 0;  // there is no line end before it
    std::size_t end_ = 0;      // of what was read
    std::size_t max_line_;
    int spared_ = 0;  // reads for which more than `kept_bytes` was not needed
    bool too_long_ = false;
};

}  // namespace leasepool::wire

#endif
