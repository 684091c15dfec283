// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/jobs_here.hpp"

#include <leasepool/worker.hpp>

#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

// The tests, and their workers: one program in both roles.

int main(int argc, char** argv)
{
    using namespace leasepool::test::jobs;
    if (leasepool::is_worker(argc, argv))
        return leasepool::run_worker(argc, argv,
            leasepool::worker_options{.worker_state = [] { return tally(); }}, add_job, mirror_job,
            count_words_job, nothing_job, die_job, half_job, fail_job, climb_job, wait_for_stop_job,
            stop_quietly_job, count_runs_job, speak_job, chat_job, start_own_workers_job,
            infinite_job, repeat_job);
    return boost::unit_test::unit_test_main([] { return true; }, argc, argv);
}
