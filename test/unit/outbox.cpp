// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Completions for one context, delivered many at a time.

#include "core/outbox.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace {

namespace asio = boost::asio;
using namespace leasepool::detail;

/// Notes its letter when it is delivered, and the same in upper case when it is destroyed.
struct letter final : completion {
    letter(asio::io_context& io, std::string& t, char n)
        : completion(&go, executor_ref(io.get_executor(), executor_ref::work::tracked)), to(t),
          name(n)
    {
    }
    static void go(completion* base, step what)
    {
        std::unique_ptr<letter> const self(static_cast<letter*>(base));
        self->to += what == step::deliver ? self->name : static_cast<char>(self->name - 'a' + 'A');
        if (what == step::deliver && self->then)
            self->then();
    }
    std::string& to;
    char name;
    std::function<void()> then;
};

struct desk {
    letter& push(char name)
    {
        auto* const made = new letter(*io, told, name);
        box->push(*made);
        return *made;
    }
    void push_all(std::string_view names)
    {
        for (char const name : names)
            push(name);
    }

    std::string told;
    std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>(1);
    outbox_ptr box{new outbox(*io)};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(outbox_of_a_context)

BOOST_FIXTURE_TEST_CASE(many_share_one_posted_function, desk)
{
    push_all("abc");
    BOOST_TEST(told == "");
    BOOST_TEST(io->run_one() == 1u);
    BOOST_TEST(told == "abc");
    io->run();
    BOOST_TEST(told == "abc");
}

BOOST_FIXTURE_TEST_CASE(
    what_is_there_comes_before_what_was_posted_and_what_comes_later_after_it, desk)
{
    push('a').then = [&] { push('z'); };
    push_all("bcdefghijklmnopqrstuvwxy");
    asio::post(*io, [&] { told += '-'; });
    io->run();
    BOOST_TEST(told == "abcdefghijklmnopqrstuvwxy-z");
}

BOOST_FIXTURE_TEST_CASE(context_that_is_stopped_gets_the_rest_when_it_is_restarted, desk)
{
    push('a').then = [&] { io->stop(); };
    push_all("bcdefghijklmnopqrstuvwxyz");
    io->run();
    BOOST_TEST(told == "abcdefghijklmnop");
    io->restart();
    io->run();
    BOOST_TEST(told == "abcdefghijklmnopqrstuvwxyz");
}

BOOST_FIXTURE_TEST_CASE(one_that_is_stopped_by_the_last_of_a_turn_is_in_order, desk)
{
    push_all("abcdefghijklmno");
    push('p').then = [&] { io->stop(); };
    io->run();
    io->restart();
    push('q');
    io->run();
    BOOST_TEST(told == "abcdefghijklmnopq");
}

BOOST_FIXTURE_TEST_CASE(pushed_while_a_turn_runs_is_delivered, desk)
{
    push('a').then = [&] { push('b').then = [&] { push('c'); }; };
    io->run();
    BOOST_TEST(told == "abc");
}

BOOST_FIXTURE_TEST_CASE(handler_that_throws_loses_no_other, desk)
{
    push('a');
    push('b').then = [] { throw 1; };
    push_all("cd");
    BOOST_CHECK_THROW(io->run(), int);
    BOOST_TEST(told == "ab");
    io->run();
    BOOST_TEST(told == "abcd");
}

BOOST_FIXTURE_TEST_CASE(last_that_throws_is_followed_by_what_comes_later, desk)
{
    push('a').then = [&] {
        push('b');
        throw 1;
    };
    BOOST_CHECK_THROW(io->run(), int);
    io->run();
    BOOST_TEST(told == "ab");
    push('c');
    io->restart();
    io->run();
    BOOST_TEST(told == "abc");
}

BOOST_FIXTURE_TEST_CASE(all_are_destroyed_with_the_context, desk)
{
    push_all("abc");
    io.reset();
    BOOST_TEST(told == "ABC");
}

BOOST_FIXTURE_TEST_CASE(rest_is_destroyed_with_the_context, desk)
{
    push('a').then = [&] { io->stop(); };
    push_all("bcdefghijklmnopqr");
    io->run();
    io.reset();
    BOOST_TEST(told == "abcdefghijklmnopQR");
}

BOOST_FIXTURE_TEST_CASE(what_comes_behind_a_rest_is_delivered_behind_it, desk)
{
    push('a').then = [] { throw 1; };
    push_all("bc");
    BOOST_CHECK_THROW(io->run(), int);
    push_all("de");
    io->run();
    BOOST_TEST(told == "abcde");
}

BOOST_FIXTURE_TEST_CASE(rest_of_a_rest_is_delivered, desk)
{
    for (char const name : std::string_view("abc"))
        push(name).then = [] { throw 1; };
    push('d');
    for (int n = 1; n != 4; ++n) {
        BOOST_CHECK_THROW(io->run(), int);
        BOOST_TEST(told.size() == static_cast<std::size_t>(n));
    }
    io->run();
    BOOST_TEST(told == "abcd");
}

BOOST_FIXTURE_TEST_CASE(rest_and_what_was_pushed_behind_it_are_destroyed_with_the_context, desk)
{
    push('a').then = [] { throw 1; };
    push_all("bc");
    BOOST_CHECK_THROW(io->run(), int);
    push_all("de");
    io.reset();
    BOOST_TEST(told == "aBCDE");
}

BOOST_AUTO_TEST_CASE(handlers_of_any_number_of_contexts_are_delivered)
{
    // More than there is room for outboxes.
    std::string told;
    outboxes boxes;
    std::deque<asio::io_context> contexts(6);
    for (int round = 0; round != 2; ++round)
        for (auto& io : contexts)
            boxes.deliver(*new letter(io, told, 'a'));
    for (auto& io : contexts)
        io.run();
    BOOST_TEST(told == "aaaaaaaaaaaa");
}

BOOST_FIXTURE_TEST_CASE(outbox_lives_until_its_turn_is_over, desk)
{
    push_all("ab");
    box.reset();
    io->run();
    BOOST_TEST(told == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
