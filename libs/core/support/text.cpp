// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/support/text.hpp"

// The texts of exceptions and source locations in the log records of the manager.

namespace leasepool::detail {

std::string what_of(std::exception_ptr const& error)
{
    if (!error)
        return "no reason given";
    try {
        std::rethrow_exception(error);
    }
    catch (std::exception const& e) {
        return e.what();
    }
    catch (...) {
        return "an exception that is no std::exception";
    }
}

std::string to_text(std::source_location const& where)
{
    return std::string(where.file_name()) + ':' + std::to_string(where.line());
}

}  // namespace leasepool::detail
