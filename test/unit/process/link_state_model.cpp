// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Random event sequences against the state of a worker and, step by step, against `link_reference_model`, with
// an honest worker at the other end.

#include "unit/support/link_sequence.hpp"
#include "unit/support/model_check.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(link_state_model)

BOOST_AUTO_TEST_CASE(random_events_never_break_an_invariant)
{
    using namespace leasepool::detail::test;
    model_check::run<link_sequence>();
}

BOOST_AUTO_TEST_SUITE_END()
