// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LEDGER_FIXTURE_HPP
#define LEASEPOOL_TEST_UNIT_LEDGER_FIXTURE_HPP

#include "core/ledger/ledger.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace leasepool::detail::test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// A ledger with a shell that writes down what it is told to do.
///
/// Each event settles the ledger and returns the actions that followed, in words: "make p0; started".
/// Claims have letters, pools are numbered as they are made. Each time the ledger has settled, its
/// next deadline must lie ahead, with nothing to do before.
class ledger_fixture {
public:
    struct wish {
        bool wait = true;
        std::optional<steady_duration> timeout{};
        steady_duration lifetime = 1h;
    };

    static constexpr steady_time epoch{std::chrono::hours{24}};

    explicit ledger_fixture(ledger::options const& opts, steady_time from = epoch)
        : book(opts), now(from)
    {
    }
    ~ledger_fixture()
    {
        book.forget_all([](auto&) {});
    }
    ledger_fixture(ledger_fixture const&) = delete;
    ledger_fixture& operator=(ledger_fixture const&) = delete;

    ledger::claim& claim(char name) { return claims_[name]; }
    ledger::pool& pool(std::size_t number) { return pools_.at(number); }

    std::string start()
    {
        book.start(now);
        return settle();
    }
    /// A started manager with `ready` idle pools, p0 to p(ready - 1), each of which has served a
    /// lease.
    void run(std::size_t ready)
    {
        start();
        for (std::size_t n = 0; n != ready; ++n)
            pool_ready(n);
        for (std::size_t n = 0; n != ready; ++n)
            acquire(static_cast<char>(n));
        for (std::size_t n = ready; n-- != 0;)
            give_back(static_cast<char>(n));
        BOOST_TEST_REQUIRE((book.state() == ledger::phase::running));
        BOOST_TEST_REQUIRE(book.available() == ready);
    }
    std::string cancel_start()
    {
        book.cancel_start();
        return settle();
    }
    std::string stop(std::optional<steady_duration> deadline,
        std::optional<steady_duration> abandon = {}, bool serve = false)
    {
        book.stop(deadline ? now + *deadline : ledger::never,
            abandon ? now + *abandon : ledger::never, serve);
        return settle();
    }
    std::string acquire(char name) { return acquire(name, wish{}); }
    std::string acquire(char name, wish const& how)
    {
        auto& which = claim(name);
        which.lifetime = how.lifetime;
        auto const until = how.timeout ? saturating_add(now, *how.timeout) : ledger::never;
        if (auto const refused = book.acquire(which, now, how.wait, until); refused != errc{})
            return "refused " + word(refused);
        return settle();
    }
    std::string cancel(char name)
    {
        std::string const result = book.cancel(claim(name)) ? "canceled" : "too late";
        auto const told = settle();
        return told.empty() ? result : result + "; " + told;
    }
    std::string release(char name)
    {
        book.release(claim(name));
        return settle();
    }
    std::string drained(char name)
    {
        book.drained(claim(name), now);
        return settle();
    }
    /// Release and drained.
    std::string give_back(char name)
    {
        book.release(claim(name));
        book.drained(claim(name), now);
        return settle();
    }
    /// What the holder does, on any thread: the ledger is not told.
    bool renew(char name, steady_duration by)
    {
        return claim(name).expiry.renew(now + by).has_value();
    }
    std::string renewed(char name)
    {
        book.renewed(claim(name));
        return settle();
    }
    std::string pool_ready(std::size_t number)
    {
        book.pool_ready(pool(number), now);
        return settle();
    }
    std::string pool_failed(std::size_t number)
    {
        book.pool_failed(pool(number), now);
        return settle();
    }
    std::string pool_broken(std::size_t number)
    {
        book.pool_broken(pool(number), now);
        return settle();
    }
    std::string pool_workers(std::size_t number, bool any)
    {
        book.pool_workers(pool(number), any);
        return settle();
    }
    std::string pool_closed(std::size_t number)
    {
        book.pool_closed(pool(number));
        return settle();
    }
    std::string resize(std::size_t desired)
    {
        book.resize(desired);
        return settle();
    }
    std::string wait(steady_duration time)
    {
        now += time;
        return settle();
    }

    /// How long until the ledger wants to be polled; none: for ever.
    std::optional<steady_duration> next() const
    {
        if (book.next_deadline() == ledger::never)
            return {};
        return book.next_deadline() - now;
    }
    /// The same, in milliseconds; -1: for ever.
    std::int64_t next_ms() const
    {
        return next() ? std::chrono::duration_cast<milliseconds>(*next()).count() : -1;
    }

    ledger book;
    steady_time now;
    bool refuses_to_make = false;
    steady_duration waited{};  // of the last grant

private:
    std::string settle()
    {
        std::string told;
        for (int polls = 0; polls != 1000; ++polls) {
            auto const act = book.poll(now);
            if (!act) {
                BOOST_TEST((book.next_deadline() > now), "the next deadline has passed");
                BOOST_TEST(!book.poll(book.next_deadline() - steady_duration{1}),
                    "something to do before the next deadline");
                return told;
            }
            told += (told.empty() ? "" : "; ") + perform(act);
        }
        BOOST_FAIL("polling does not end: " << told.substr(0, 200));
        return told;
    }

    std::string perform(ledger::action const& act)
    {
        using enum ledger::action::kind;
        switch (act.what) {
        case none:
            break;
        case grant:
            waited = act.waited;
            return "grant " + name(act.which) + " " + name(act.on);
        case fail:
            return "fail " + name(act.which) + " " + word(act.error);
        case make_failed:
            return "make_failed " + name(act.which);
        case overdue:
            return "overdue " + name(act.which);
        case revoke:
            return "revoke " + name(act.which) + " " + name(act.on) + " " + word(act.why);
        case make:
            if (refuses_to_make) {
                book.make_refused(now);
                return "make refused";
            }
            pools_.emplace_back();
            book.pool_starting(pools_.back());
            return "make " + name(&pools_.back());
        case close:
            return "close " + name(act.on);
        case recheck:
            return "recheck";
        case starved:
            return "starved " + std::to_string(act.count);
        case started:
            return "started";
        case start_failed:
            return "start_failed";
        case stopped:
            return "stopped " + std::to_string(act.count);
        }
        return "?";
    }

    std::string name(ledger::claim const* which) const
    {
        for (auto const& [letter, node] : claims_)
            if (&node == which)
                return std::string(1, letter);
        return "?";
    }
    std::string name(ledger::pool const* on) const
    {
        for (std::size_t n = 0; n != pools_.size(); ++n)
            if (&pools_[n] == on)
                return "p" + std::to_string(n);
        return "?";
    }
    static std::string word(errc error)
    {
        switch (error) {
        case errc::not_running:
            return "not_running";
        case errc::unavailable:
            return "unavailable";
        case errc::acquire_timeout:
            return "acquire_timeout";
        case errc::too_many_waiters:
            return "too_many_waiters";
        default:
            return "error " + std::to_string(static_cast<int>(error));
        }
    }
    static std::string word(ledger::revocation why)
    {
        switch (why) {
        case ledger::revocation::expired:
            return "expired";
        case ledger::revocation::broken:
            return "broken";
        case ledger::revocation::stopped:
            return "stopped";
        }
        return "?";
    }

    std::map<char, ledger::claim> claims_;
    std::deque<ledger::pool> pools_;
};

}  // namespace leasepool::detail::test

#endif
