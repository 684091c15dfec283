// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_VERDICT_HPP
#define ISOLATED_PARSE_VERDICT_HPP

#include <exception>
#include <string>

// Why a header could not be evaluated.
struct verdict {
    // "killed by SIGSEGV", "no end in time": the same for all that ended alike.
    std::string what;
    // More about this one; may be empty.
    std::string why;
    // Whether its worker was lost.
    bool lost_worker = false;
};

// Judges how the job of a header failed. What is not the header's fault is thrown again.
verdict classify(std::exception_ptr error);

#endif
