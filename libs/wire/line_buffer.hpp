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

/// Cuts a stream of bytes into lines, for the reader of a pipe: `worker_link` in the parent and
/// `input` in a worker.
///
/// @code
/// for (;;) {
///     auto const space = buffer.prepare();
///     auto const n = read(fd, space.data(), space.size());
///     if (n <= 0) break;                          // see unfinished()
///     buffer.commit(n);
///     while (auto const line = buffer.next()) use(*line);
///     if (buffer.too_long()) fail(buffer.start());
/// }
/// @endcode
///
/// A line ends with `\n`. A `\r` immediately before it is not part of the line. Lines are views
/// into the buffer, valid until the next `prepare`. They do not depend on how the reads divide the
/// bytes.
///
/// Each byte is searched once and is moved a bounded number of times on average, whatever the size
/// of the reads. The buffer grows for a long line. A buffer larger than `kept_bytes` shrinks at the
/// first `prepare` that does not need it; a smaller one is kept, because long lines often follow each
/// other.
class line_buffer {
public:
    /// Minimum size of the space that `prepare` returns.
    static constexpr std::size_t min_space = std::size_t{4} << 10;
    /// Size of the buffer at first, and after it has shrunk.
    static constexpr std::size_t initial_bytes = std::size_t{64} << 10;
    /// Maximum size of a buffer that is kept when it is not needed.
    static constexpr std::size_t kept_bytes = std::size_t{2} << 20;
    /// Maximum size of what `start` returns.
    static constexpr std::size_t start_bytes = 256;

    /// @param max_line_bytes maximum size of a line, without its end.
    explicit line_buffer(std::size_t max_line_bytes) noexcept : max_line_{max_line_bytes} {}

    /// Returns space to read into, at least `min_space` bytes. Invalidates all views returned
    /// before.
    /// @throws std::bad_alloc. The bytes in the buffer are then unchanged.
    std::span<char> prepare();

    /// Records that `n` bytes were read into the space that `prepare` returned.
    void commit(std::size_t n) noexcept;

    /// Returns the next complete line, without its end. Returns none if more has to be read, or if
    /// `too_long`.
    std::optional<std::string_view> next() noexcept;

    /// Returns whether a line was longer than the limit. Then `next` returns no more lines, and all
    /// bytes that are read later are dropped.
    bool too_long() const noexcept { return too_long_; }

    /// Returns the first bytes of the line that was too long, or no bytes if there is no such line.
    std::string_view start() const noexcept;

    /// Returns the bytes that `next` has not returned. At the end of the stream, after the last
    /// line, they are an incomplete line: the peer has stopped in the middle of a message. Returns
    /// no bytes if `too_long`.
    std::string_view unfinished() const noexcept;

    /// Sets another limit, for the lines that `next` has not returned yet.
    void set_max_line(std::size_t max_line_bytes) noexcept { max_line_ = max_line_bytes; }

    /// Returns the size of the buffer in bytes.
    std::size_t capacity() const noexcept { return capacity_; }

private:
    std::size_t pending() const noexcept { return end_ - begin_; }
    void reallocate(std::size_t capacity);
    void shrink() noexcept;
    void move_to(std::unique_ptr<char[]> bytes, std::size_t capacity) noexcept;
    bool exceeds_limit() const noexcept;
    void mark_too_long() noexcept;

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;    // of the bytes that `next` has not returned
    std::size_t scanned_ = 0;  // there is no end of a line from `begin_` to here
    std::size_t end_ = 0;      // of the bytes that were read
    std::size_t max_line_;
    bool too_long_ = false;
};

}  // namespace leasepool::wire

#endif
