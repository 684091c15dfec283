// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LINK_FIXTURE_HPP
#define LEASEPOOL_TEST_UNIT_LINK_FIXTURE_HPP

#include "process/pool/link_state.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace leasepool::detail::test {

using namespace std::chrono_literals;

/// The state of a worker with a shell that writes down what it is told to do.
///
/// Each event returns what came of it and the actions that followed, in words: "returned; resume".
/// Requests are ten bytes long and, unless `writes` is false, written at once. When all has been
/// told, the next deadline must lie ahead.
class link_fixture {
public:
    using error_code = link_state::error_code;
    using duration = link_state::duration;

    struct wish {
        bool pipelining = true;
        link_state::options options{.startup_timeout = 30s, .kill_grace = 2s};
    };

    static constexpr link_state::time epoch{std::chrono::hours{24}};

    /// Not ready yet.
    explicit link_fixture(link_state::options const& o) : link(o, epoch) { link.launched(); }
    /// Ready; if it pipelines, with a pace of 10us, so that there is room for 100 jobs.
    explicit link_fixture(wish const& how) : link_fixture(how.options)
    {
        ready(how.pipelining);
        if (!how.pipelining)
            return;
        send(warm_up);
        wait(10us);
        answer(warm_up);
        link.paced(now);
        BOOST_TEST_REQUIRE(link.idle());
    }
    link_fixture() : link_fixture(wish{}) {}

    std::string ready(bool pipelining = true)
    {
        link.ready(pipelining, now);
        return settle();
    }
    void send(std::uint64_t id, duration timeout = 0s)
    {
        BOOST_TEST_REQUIRE(link.room(now), "there is no room for " << id);
        sent += 10;
        link.send(id, this, timeout, sent, now);
        if (writes)
            link.written(sent);
    }
    void send(std::initializer_list<std::uint64_t> ids)
    {
        for (auto const id : ids)
            send(id);
    }
    std::string answer(std::uint64_t id)
    {
        return with_actions(word(link.answered(id, link_state::answer::done, out, now)));
    }
    std::string not_begun(std::uint64_t id)
    {
        return with_actions(word(link.answered(id, link_state::answer::not_begun, out, now)));
    }
    std::string ask(std::uint64_t id, error_code why = boost::asio::error::operation_aborted)
    {
        BOOST_TEST(link.ask(id, why, now));
        return settle();
    }
    std::string retire()
    {
        link.retire(now);
        return settle();
    }
    std::string goodbye()
    {
        bool const before = link.has_said_goodbye();
        link.said_goodbye(now);
        return with_actions(link.has_said_goodbye() && !before ? taken_out() : std::string());
    }
    std::string pipe_closed()
    {
        link.pipe_closed(now);
        return settle();
    }
    std::string violated(bool legible = true)
    {
        link.violated(legible, now);
        return settle();
    }
    std::string kill(link_state::verdict why)
    {
        link.kill(why, now);
        return settle();
    }
    /// The clock goes on, and the timer fires.
    std::string wait(duration by)
    {
        now += by;
        link.tick(now);
        return settle();
    }
    /// What becomes of all that is in flight, now that it has ended: "1 failed, 2 returned".
    /// `killed`: by this side, that is.
    std::string ended(bool killed = true, std::uint64_t unread = 0)
    {
        link.ended(killed, unread);
        return taken_out();
    }
    std::string taken_out()
    {
        std::string told;
        while (link.in_flight() != 0) {
            auto const loss = word(link.lose(out));
            told += (told.empty() ? "" : ", ") + std::to_string(out.id) + " " + loss;
        }
        return told;
    }

    /// How long until the next deadline, in milliseconds; -1: for ever.
    std::int64_t next_ms() const
    {
        auto const next = link.next_deadline();
        return next == link_state::never
            ? -1
            : std::chrono::duration_cast<std::chrono::milliseconds>(next - now).count();
    }

    link_state link;
    link_state::time now = epoch;
    link_state::flight out{};
    std::uint64_t sent = 0;
    bool writes = true;

private:
    static constexpr std::uint64_t warm_up = 999;

    std::string with_actions(std::string told)
    {
        auto const actions = settle();
        return told.empty() || actions.empty() ? told + actions : told + "; " + actions;
    }

    std::string settle()
    {
        std::string told;
        for (int polls = 0; polls != 100; ++polls) {
            auto const next = link.poll();
            if (next.what == link_state::act::none) {
                BOOST_TEST((link.next_deadline() > now), "the next deadline has passed");
                return told;
            }
            told += (told.empty() ? "" : "; ") + word(next);
        }
        BOOST_FAIL("polling does not end: " << told.substr(0, 200));
        return told;
    }

    static std::string word(link_state::action const& what)
    {
        switch (what.what) {
        case link_state::act::none:
            break;
        case link_state::act::send_cancel:
            return "cancel " + std::to_string(what.id);
        case link_state::act::send_resume:
            return "resume";
        case link_state::act::close_input:
            return "close";
        case link_state::act::kill:
            return "kill";
        }
        return "?";
    }
    static std::string word(link_state::effect what)
    {
        switch (what) {
        case link_state::effect::finished:
            return "finished";
        case link_state::effect::returned:
            return "returned";
        case link_state::effect::stopped:
            return "stopped";
        case link_state::effect::spoilt:
            return "spoilt";
        case link_state::effect::violation:
            return "violation";
        case link_state::effect::nothing:
            return "nothing";
        }
        return "?";
    }
    static std::string word(link_state::loss what)
    {
        switch (what) {
        case link_state::loss::failed:
            return "failed";
        case link_state::loss::killed:
            return "killed";
        case link_state::loss::stopped:
            return "stopped";
        case link_state::loss::returned:
            return "returned";
        }
        return "?";
    }
};

}  // namespace leasepool::detail::test

#endif
