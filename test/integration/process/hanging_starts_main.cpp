// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "support/held_exec.hpp"

#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include <iostream>
#include <string>

// The filter must be set before another thread is started, so it is set here.

int main(int argc, char** argv)
{
    if (auto const why = leasepool::test::held_exec::install(); !why.empty()) {
        std::cout << "skipped: " << why << std::endl;
        return 77;
    }
    return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
