// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/out_queue.hpp"

#include "process/child/descriptors.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace leasepool::detail {

std::string& out_queue::tail()
{
    if (pieces_.empty() || !pieces_.back().foreign.empty() || pieces_.back().own.size() >= full) {
        pieces_.emplace_back();
        pieces_.back().own = std::move(spare_);
        pieces_.back().own.clear();
    }
    return pieces_.back().own;
}

void out_queue::append(std::string_view bytes)
{
    if (bytes.size() < large)
        tail() += bytes;
    else
        pieces_.push_back({.own = {}, .foreign = bytes});
}

void out_queue::clear() noexcept
{
    pieces_.clear();
}

std::uint64_t out_queue::appended() const noexcept
{
    auto sum = written_;
    for (auto const& p : pieces_)
        sum += p.rest().size();
    return sum;
}

boost::system::error_code out_queue::write_to(int fd) noexcept
{
    boost::system::error_code error;
    while (!pieces_.empty() && !error) {
        std::array<iovec, 16> parts;
        std::size_t count = 0;
        for (auto const& p : pieces_) {
            if (count == parts.size())
                break;
            auto const rest = p.rest();
            parts[count++] = {const_cast<char*>(rest.data()), rest.size()};
        }
        advance(write_without_sigpipe(fd, parts.data(), count, error));
    }
    return error;
}

void out_queue::advance(std::size_t bytes) noexcept
{
    written_ += bytes;
    while (!pieces_.empty()) {
        auto& first = pieces_.front();
        auto const n = std::min(bytes, first.rest().size());
        first.done += n;
        bytes -= n;
        if (!first.rest().empty())
            return;
        if (first.own.capacity() <= 16 * large)
            spare_ = std::move(first.own);
        pieces_.pop_front();
    }
}

}  // namespace leasepool::detail
