// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_CHANNEL_HPP
#define LEASEPOOL_LIBS_WORKER_CHANNEL_HPP

#include "wire/limits.hpp"
#include "wire/protocol.hpp"
#include "wire/writer.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace leasepool::worker {

/// Writes messages to the parent. `session` and `running_job` call it, on any thread.
///
/// Each message is written as a whole before the call returns. If the other end of the pipe is
/// closed, the call does not return: see `kill_self`. Functions that send throw std::system_error
/// if the write fails, and std::bad_alloc.
class channel {
public:
    explicit channel(int fd) : fd_{fd} { writer_.emplace(limits_); }

    int descriptor() const noexcept { return fd_; }

    /// Sets the limits of the messages that are sent from now on.
    void set_limits(wire::limits const& bounds);
    /// Returns the maximum size of a text that certainly fits into a log record.
    std::size_t max_text_bytes() const;

    /// Sends the result of a job.
    /// @return the reason why it was not sent; none: it was sent.
    [[nodiscard]] wire::writer::refusal result(std::uint64_t id, boost::json::value const& value);
    /// Sends a notification.
    /// @return the reason why it was not sent; none: it was sent.
    [[nodiscard]] wire::writer::refusal notify(
        std::string_view method, boost::json::value const& params);
    /// Sends an error. A long text is cut.
    void error(std::optional<std::uint64_t> id, wire::error_number number, std::string_view text,
        boost::json::value const& data = nullptr);

    wire::limits limits() const;

private:
    static constexpr std::size_t kept_bytes = std::size_t{256} << 10;

    template <class Write>
    wire::writer::refusal send(Write const& write);

    int const fd_;
    mutable std::mutex mutex_;
    wire::limits limits_;
    std::optional<wire::writer> writer_;
    std::string buffer_;
};

}  // namespace leasepool::worker

#endif
