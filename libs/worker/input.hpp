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

namespace leasepool::worker {

/// Messages from a descriptor. Not thread-safe.
class input {
public:
    explicit input(int fd);

    int descriptor() const noexcept { return fd_; }

    /// Waits for bytes, and reads what there is.
    /// @return false: there will be no more.
    /// @throws std::system_error
    bool read();

    /// Whether `read` would return at once.
    bool readable() const noexcept;

    /// The next of the messages that were read; none: read on. A line that is too long is a
    /// violation, and then there are no messages any more.
    std::optional<wire::message> next();

    void limit_to(wire::limits const& bounds);

private:
    int fd_;
    wire::limits limits_;
    wire::line_buffer lines_;
    std::optional<wire::reader> reader_;
    bool gave_up_ = false;
};

}  // namespace leasepool::worker

#endif
