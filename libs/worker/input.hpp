// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_INPUT_HPP
#define LEASEPOOL_LIBS_WORKER_INPUT_HPP

#include "wire/limits.hpp"
#include "wire/line_buffer.hpp"
#include "wire/message.hpp"
#include "wire/reader.hpp"

#include <optional>
#include <string_view>

namespace leasepool::worker {

/// Reads messages from the parent. `session` owns it and guards it: it is not thread-safe.
class input {
public:
    explicit input(int fd);

    int descriptor() const noexcept { return fd_; }

    /// Waits until bytes can be read, and reads them once.
    /// @return false if the input has ended.
    /// @throws std::system_error, std::bad_alloc
    bool read();

    /// Returns whether `read` would return at once.
    bool readable() const noexcept;

    /// Returns the next complete message that was read; none: more has to be read. A line that is
    /// too long is returned as a violation. After it there are no more messages.
    std::optional<wire::message> next();

    /// Returns the bytes that were read after the last line. Called when the input has ended.
    std::string_view unfinished() const noexcept { return lines_.unfinished(); }

    /// Sets the limits of the messages that `next` has not returned yet.
    void set_limits(wire::limits const& bounds);

private:
    int fd_;
    wire::limits limits_;
    wire::line_buffer lines_;
    std::optional<wire::reader> reader_;
    bool too_long_reported_ = false;
};

}  // namespace leasepool::worker

#endif
