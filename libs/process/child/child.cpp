// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/child.hpp"

#include <utility>

// The owner of a program that was started. `process_pool` uses it.

namespace leasepool::detail {
namespace {

child::stream adopt(boost::asio::any_io_executor const& ex, unique_fd&& fd)
{
    child::stream descriptor(ex, fd.get());
    fd.release();
    return descriptor;
}

}  // namespace

child::child(boost::asio::any_io_executor const& ex, started_program&& from)
    : streams_(new streams{adopt(ex, std::move(from.ends.input)),
          adopt(ex, std::move(from.ends.output)), adopt(ex, std::move(from.ends.errors))})
{
    // Last, so that `from` keeps it if something fails before.
    process_ = std::move(from.process);
}

child& child::operator=(child&& other) noexcept
{
    if (this != &other) {
        drop();
        process_ = std::move(other.process_);
        streams_ = std::move(other.streams_);
    }
    return *this;
}

void child::drop() noexcept
{
    if (!process_)
        return;
    process_->leave();
    process_.reset();
    streams_.reset();
}

}  // namespace leasepool::detail
