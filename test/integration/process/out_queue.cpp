// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What is to be written to a worker, and a pipe.

#include "process/pool/out_queue.hpp"
#include "process/child/descriptors.hpp"

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using leasepool::detail::make_pipe;
using leasepool::detail::out_queue;
using leasepool::detail::set_non_blocking;

/// A queue, and a pipe that holds no more than a page.
struct small_pipe {
    small_pipe()
    {
        boost::system::error_code ec;
        ends = make_pipe(ec);
        BOOST_TEST_REQUIRE(!ec);
        BOOST_TEST_REQUIRE(!set_non_blocking(ends.write.get()));
        BOOST_TEST_REQUIRE(!set_non_blocking(ends.read.get()));
        capacity = static_cast<std::size_t>(::fcntl(ends.write.get(), F_SETPIPE_SZ, 4096));
    }

    boost::system::error_code write() { return out.write_to(ends.write.get()); }
    std::string read(std::size_t most)
    {
        std::string text(most, '\0');
        auto const n = ::read(ends.read.get(), text.data(), text.size());
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

    leasepool::detail::pipe_ends ends;
    std::size_t capacity = 0;
    out_queue out;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(process_out_queue)

BOOST_AUTO_TEST_CASE(empty_queue_writes_nothing)
{
    small_pipe to;
    BOOST_TEST(!to.write());
    to.out.tail();  // a piece, but nothing in it
    BOOST_TEST(!to.write());
    BOOST_TEST(to.out.empty());
    BOOST_TEST(to.out.written() == 0);
    BOOST_TEST(to.read(10) == "");
}

BOOST_AUTO_TEST_CASE(everything_is_written_in_its_order_as_there_is_room)
{
    small_pipe to;
    std::string expected;
    std::string const large(3 * out_queue::large + 1, 'L');
    std::string got;
    for (int round = 0; round != 40; ++round) {
        auto const small = "small " + std::to_string(round) + ' ';
        to.out.append(small);
        expected += small;
        if (round % 3 == 0) {
            to.out.append(large);
            expected += large;
        }
        BOOST_TEST(to.out.appended() == expected.size());
        auto const before = to.out.written();
        auto const error = to.write();
        BOOST_TEST((!error || error == asio::error::would_block), error);
        BOOST_TEST(to.out.empty() == !error);
        BOOST_TEST(to.out.written() >= before);
        BOOST_TEST(to.out.written() <= got.size() + to.capacity);
        got += to.read(1000);
    }
    while (!to.out.empty()) {
        to.write();
        auto const some = to.read(777);
        BOOST_TEST_REQUIRE(!some.empty());
        got += some;
    }
    for (auto some = to.read(1000); !some.empty(); some = to.read(1000))
        got += some;
    BOOST_TEST((got == expected));
    BOOST_TEST(to.out.written() == expected.size());
    BOOST_TEST(to.out.appended() == expected.size());
}

BOOST_AUTO_TEST_CASE(more_pieces_than_one_write_takes_are_written)
{
    small_pipe to;
    std::string const large(out_queue::large, 'L');
    std::string expected;
    for (int n = 0; n != 30; ++n) {
        to.out.append(large);
        to.out.append("s");
        expected += large + 's';
    }
    std::string got;
    while (!to.out.empty()) {
        to.write();
        got += to.read(4096);
    }
    got += to.read(4096);
    BOOST_TEST((got == expected));
}

BOOST_AUTO_TEST_CASE(queue_that_is_never_empty_does_not_grow)
{
    small_pipe to;
    std::string const piece(1000, 'x');
    for (int n = 0; n != 100; ++n)
        to.out.append(piece);
    for (int n = 0; n != 2000; ++n) {
        to.write();
        BOOST_TEST_REQUIRE(!to.out.empty());
        auto const read = to.read(piece.size());
        to.out.append({piece.data(), read.size()});
        BOOST_TEST_REQUIRE(to.out.tail().size() < out_queue::full + piece.size());
    }
    BOOST_TEST(to.out.written() > 1'000'000);
}

BOOST_AUTO_TEST_CASE(pipe_that_nobody_reads_is_an_error_and_no_signal)
{
    small_pipe to;
    to.ends.read.reset();
    to.out.append("one");
    BOOST_TEST((to.write() == asio::error::broken_pipe));
    BOOST_TEST(!to.out.empty());
    BOOST_TEST(to.out.written() == 0);
}

BOOST_AUTO_TEST_CASE(cleared_queue_keeps_the_count_of_what_was_written)
{
    small_pipe to;
    to.out.append(std::string_view(std::string(6000, 'x')));
    BOOST_TEST((to.write() == asio::error::would_block));
    auto const written = to.out.written();
    BOOST_TEST(written == to.capacity);
    to.out.clear();
    BOOST_TEST(to.out.written() == written);
    BOOST_TEST(to.out.appended() == written);
    to.read(6000);
    to.out.append("next");
    BOOST_TEST(!to.write());
    BOOST_TEST(to.read(10) == "next");
}

BOOST_AUTO_TEST_SUITE_END()
