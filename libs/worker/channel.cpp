// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "channel.hpp"

#include "os.hpp"

// The messages that a worker sends. `session` and `running_job` call it; it calls `wire::writer`
// and `write_all`.

namespace leasepool::worker {

/// Calls `write`, which writes a message to the buffer, and sends the message.
template <class Write>
wire::writer::refusal channel::send(Write const& write)
{
    std::lock_guard const lock(mutex_);
    struct clear_guard {
        ~clear_guard()
        {
            buffer.clear();
            if (buffer.capacity() > kept_bytes)
                std::string().swap(buffer);
        }
        std::string& buffer;
    } const cleared{buffer_};
    auto refused = write();
    if (!refused)
        write_all(fd_, buffer_);
    return refused;
}

void channel::set_limits(wire::limits const& bounds)
{
    std::lock_guard const lock(mutex_);
    limits_ = bounds.clamped();
    writer_.emplace(limits_);
}

wire::limits channel::limits() const
{
    std::lock_guard const lock(mutex_);
    return limits_;
}

std::size_t channel::max_text_bytes() const
{
    // A byte becomes at most six bytes when it is escaped. The rest of the message fits into the
    // remaining quarter.
    return limits().max_message_bytes / 8;
}

wire::writer::refusal channel::result(std::uint64_t id, boost::json::value const& value)
{
    return send([&] { return writer_->result(buffer_, id, value); });
}

wire::writer::refusal channel::notify(std::string_view method, boost::json::value const& params)
{
    return send([&] { return writer_->notification(buffer_, method, params); });
}

void channel::error(std::optional<std::uint64_t> id, wire::error_number number,
    std::string_view text, boost::json::value const& data)
{
    send([&] {
        writer_->error(buffer_, id, number, text, data);
        return wire::writer::refusal();
    });
}

}  // namespace leasepool::worker
