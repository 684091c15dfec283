// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/stderr_lines.hpp"

#include "base/utf8.hpp"

#include <utility>

namespace leasepool::detail {

std::string const& stderr_lines::complete()
{
    if (open_.ends_with('\r'))
        open_.pop_back();
    lines_.push_back(repaired_utf8(open_));
    open_.clear();
    if (lines_.size() > most)
        lines_.pop_front();
    return lines_.back();
}

}  // namespace leasepool::detail
