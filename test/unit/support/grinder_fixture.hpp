// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_GRINDER_FIXTURE_HPP
#define LEASEPOOL_TEST_UNIT_GRINDER_FIXTURE_HPP

#include "core/grinder/grinder_state.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace leasepool::detail::test {

using namespace std::chrono_literals;

/// An item that is never run or delivered.
struct bare_item final : grinder_item {
    bare_item()
        : grinder_item([](completion*, step) {},
              [](run_operation*, question) noexcept -> void* { return nullptr; }, {}, {})
    {
    }
};

/// A batch without a lease behind it.
struct bare_batch final : grinder_state::batch {
    void finished(run_operation&) noexcept override {}
    void dropped(run_operation&) noexcept override {}
};

/// A grinder's state with a shell that writes down what it is told to do.
///
/// Each event settles the state and returns what followed, in words. Items have letters; batches are
/// numbered as they are begun: "begin b0(abc)" says which items it goes for. Each time the state has
/// settled, its next deadline must lie ahead, with nothing to do before.
class grinder_fixture {
public:
    static constexpr steady_time epoch{std::chrono::hours{24}};

    explicit grinder_fixture(grinder_state::options const& opts) : state(opts), now(epoch) {}
    ~grinder_fixture()
    {
        grinder_state::item_list all;
        state.forget_all(all);
        all.clear();
        for (auto& b : batches_)
            if (b.state() != grinder_state::batch::phase::fresh)
                state.done(b);
    }
    grinder_fixture(grinder_fixture const&) = delete;
    grinder_fixture& operator=(grinder_fixture const&) = delete;

    grinder_item& item(char name) { return items_[name]; }
    grinder_state::batch& batch(std::size_t n) { return batches_.at(n); }

    std::string start() { return state.start() ? settle() : "refused"; }
    std::string stop(std::optional<steady_duration> deadline)
    {
        state.stop(deadline ? now + *deadline : grinder_state::never);
        return settle();
    }
    std::string cancel_stop()
    {
        state.stop(steady_time::min());
        return settle();
    }
    /// One item a letter.
    std::string submit(std::string_view names, bool wait = true)
    {
        std::string told;
        for (char const name : names) {
            if (auto const refused = state.submit(item(name), now, wait); refused != errc{}) {
                add(told,
                    refused == errc::queue_full        ? "queue_full"
                        : refused == errc::not_running ? "not_running"
                                                       : "?");
                continue;
            }
            add(told, settle());
        }
        return told;
    }
    std::string cancel(char name)
    {
        std::string told = state.cancel(item(name)) ? "canceled" : "too late";
        add(told, settle());
        return told;
    }
    /// "gave abc", the items that go to the lease.
    std::string granted(std::size_t n)
    {
        grinder_state::item_list out;
        state.granted(batch(n), now, out);
        std::string told = "gave " + letters(out);
        add(told, settle());
        return told;
    }
    std::string acquire_failed(std::size_t n)
    {
        grinder_state::item_list out;
        state.acquire_failed(batch(n), out);
        std::string told = "failed " + letters(out);
        add(told, settle());
        return told;
    }
    std::string returned(std::size_t n, std::string_view names)
    {
        std::string told;
        for (char const name : names)
            if (!state.returned(item(name), batch(n)))
                add(told, std::string("refused ") + name);
        add(told, settle());
        return told;
    }
    std::string lost(std::size_t n)
    {
        state.lost(batch(n));
        return settle();
    }
    std::string done(std::size_t n)
    {
        state.done(batch(n));
        return settle();
    }
    /// Grants the batch, and `each` an item later its work is done. The items' letters are free again.
    std::string grind(std::size_t n, steady_duration each)
    {
        grinder_state::item_list out;
        state.granted(batch(n), now, out);
        while (!out.empty()) {
            out.front().marks.where = grinder_item::place::outside;
            out.pop_front();
            now += each;
        }
        return done(n);
    }
    std::string wait(steady_duration time)
    {
        now += time;
        return settle();
    }
    /// Milliseconds until the state wants to be polled; -1: for ever.
    long next_ms() const
    {
        auto const at = state.next_deadline();
        return at == grinder_state::never ? -1 : static_cast<long>((at - now) / 1ms);
    }

    grinder_state state;
    steady_time now;
    bool refuses_to_begin = false;
    std::size_t batches = 0;

private:
    static void add(std::string& to, std::string const& more)
    {
        to += (to.empty() || more.empty() ? "" : "; ") + more;
    }

    std::string settle()
    {
        std::string told;
        for (int polls = 0; polls != 1000; ++polls) {
            auto const act = state.poll(now);
            if (!act) {
                BOOST_TEST(((state.state() == grinder_state::phase::canceling) ||
                               state.next_deadline() > now),
                    "the next deadline has passed");
                return told;
            }
            add(told, perform(act));
        }
        BOOST_FAIL("polling does not end: " << told.substr(0, 200));
        return told;
    }

    std::string perform(grinder_state::action const& act)
    {
        using enum grinder_state::action::kind;
        switch (act.what) {
        case none:
            break;
        case begin: {
            if (refuses_to_begin) {
                grinder_state::item_list out;
                state.not_begun(out);
                return "not begun " + letters(out);
            }
            auto& b = batches_.emplace_back();
            state.begun(b, now);
            std::string told = "begin b" + std::to_string(batches++) + "(";
            for (auto const& what : b.items())
                told += name(&what);
            return told + ")";
        }
        case fail:
            return std::string("fail ") + name(act.which);
        case withdraw:
            return "withdraw " + name(act.of);
        case cancel:
            return "cancel " + name(act.of);
        case stopped:
            return "stopped";
        }
        return "?";
    }

    std::string letters(grinder_state::item_list& out)
    {
        std::string told;
        while (!out.empty()) {
            told += name(&out.front());
            out.pop_front();
        }
        return told;
    }
    char name(grinder_item const* what) const
    {
        for (auto const& [letter, node] : items_)
            if (&node == what)
                return letter;
        return '?';
    }
    std::string name(grinder_state::batch const* of) const
    {
        for (std::size_t n = 0; n != batches_.size(); ++n)
            if (&batches_[n] == of)
                return "b" + std::to_string(n);
        return "?";
    }

    std::map<char, bare_item> items_;
    std::deque<bare_batch> batches_;
};

}  // namespace leasepool::detail::test

#endif
