// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "line_buffer.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

// The buffer between the reads of a pipe and the lines in it. `worker_link` and `input` call it; it
// calls no other part.

namespace leasepool::wire {

std::span<char> line_buffer::prepare()
{
    if (too_long_)
        end_ = begin_ + std::min(pending(), start_bytes);
    else if (begin_ == end_)
        begin_ = scanned_ = end_ = 0;

    if (capacity_ > kept_bytes && pending() <= initial_bytes / 2)
        shrink();
    if (capacity_ - end_ < min_space) {
        // A move copies the pending bytes. The cost is amortized: as many bytes have been taken
        // since the last move, or the new buffer has room for as many more.
        if (begin_ >= pending() && capacity_ - pending() >= min_space) {
            std::memmove(bytes_.get(), bytes_.get() + begin_, pending());
            scanned_ -= begin_;
            end_ -= begin_;
            begin_ = 0;
        }
        else
            reallocate(std::max(initial_bytes, 2 * capacity_));
    }
    return {bytes_.get() + end_, capacity_ - end_};
}

void line_buffer::reallocate(std::size_t capacity)
{
    move_to(std::make_unique_for_overwrite<char[]>(capacity), capacity);
}

/// Does nothing if there is no memory: the buffer that it has is large enough.
void line_buffer::shrink() noexcept
{
    try {
        move_to(std::make_unique_for_overwrite<char[]>(initial_bytes), initial_bytes);
    }
    catch (std::bad_alloc const&) {
        return;
    }
}

void line_buffer::move_to(std::unique_ptr<char[]> bytes, std::size_t capacity) noexcept
{
    if (pending() != 0)
        std::memcpy(bytes.get(), bytes_.get() + begin_, pending());
    bytes_ = std::move(bytes);
    capacity_ = capacity;
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
}

void line_buffer::commit(std::size_t n) noexcept
{
    BOOST_ASSERT(n <= capacity_ - end_);
    end_ += n;
}

std::optional<std::string_view> line_buffer::next() noexcept
{
    if (too_long_ || scanned_ == end_)
        return std::nullopt;
    char const* const from = bytes_.get() + scanned_;
    auto const* const found = static_cast<char const*>(std::memchr(from, '\n', end_ - scanned_));
    if (!found) {
        scanned_ = end_;
        if (exceeds_limit())
            mark_too_long();
        return std::nullopt;
    }
    std::string_view line(bytes_.get() + begin_, found);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    if (line.size() > max_line_) {
        mark_too_long();
        return std::nullopt;
    }
    begin_ = scanned_ = scanned_ + static_cast<std::size_t>(found - from) + 1;
    return line;
}

/// Returns whether the incomplete line is too long already. One byte more than the limit is allowed
/// if it is a `\r`, which may belong to the end of the line.
bool line_buffer::exceeds_limit() const noexcept
{
    return pending() > max_line_ && (pending() - max_line_ > 1 || bytes_[end_ - 1] != '\r');
}

void line_buffer::mark_too_long() noexcept
{
    too_long_ = true;
    scanned_ = begin_;
}

std::string_view line_buffer::start() const noexcept
{
    if (!too_long_)
        return {};
    return {bytes_.get() + begin_, std::min({pending(), start_bytes, max_line_ + 1})};
}

std::string_view line_buffer::unfinished() const noexcept
{
    if (too_long_ || !bytes_)
        return {};
    return {bytes_.get() + begin_, pending()};
}

}  // namespace leasepool::wire
