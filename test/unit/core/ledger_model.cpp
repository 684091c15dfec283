// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Random event sequences against the ledger and, step by step, against `ledger_reference_model`.

#include "unit/support/ledger_sequence.hpp"
#include "unit/support/model_check.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(ledger_model)

BOOST_AUTO_TEST_CASE(random_events_never_break_an_invariant)
{
    using namespace leasepool::detail::test;
    model_check::run<sequence>();
}

BOOST_AUTO_TEST_SUITE_END()
