// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/link_state.hpp"

#include "core/support/steady_time.hpp"

#include <leasepool/error.hpp>

#include <boost/assert.hpp>

#include <algorithm>
#include <utility>

namespace leasepool::detail {

link_state::link_state(options const& o, time now)
    : options_(o), flights_(std::max<std::size_t>(o.max_in_flight, 1)), started_at_(now)
{
}

void link_state::launched() noexcept
{
    if (phase_ == phase::launching)
        phase_ = phase::starting;
}

void link_state::ready(bool pipelining, time now) noexcept
{
    if (phase_ != phase::starting)
        return;
    phase_ = phase::ready;
    was_ready_ = true;
    pipelining_ = pipelining;
    close_if_empty(now);
}

// Sending ------------------------------------------------------------------------------------------

void link_state::set_pace(duration pace) noexcept
{
    pace_ = pace;
    auto const fit = static_cast<std::size_t>(options_.budget / pace);
    depth_ = std::clamp<std::size_t>(fit, 1, flights_.capacity());
}

/// Returns whether the first job has run for so long that the jobs behind it must be recalled.
bool link_state::overstays(time now) const noexcept
{
    return !flights_.empty() && now - head_since_ >= options_.patience;
}

bool link_state::room(time now) const noexcept
{
    return phase_ == phase::ready && !retiring_ && !barred_ && !resume_ &&
        (flights_.empty() || (flights_.size() < depth() && !overstays(now)));
}

void link_state::send(
    std::uint64_t id, void* what, duration timeout, std::uint64_t ends_at, time now) noexcept
{
    BOOST_ASSERT(room(now));
    flights_.push_back({.id = id, .what = what, .timeout = timeout, .ends_at = ends_at});
    had_a_job_ = true;
    ++jobs_;
    bool const was_first = flights_.size() == 1;
    if (options_.max_jobs != 0) {
        auto const lead = std::max<std::size_t>(options_.max_jobs / 8, 1);
        due_ = due_ || jobs_ >= options_.max_jobs - lead;
    }
    if (was_first) {
        pace_since_ = now;
        new_head(now);
    }
    if (options_.max_jobs != 0 && jobs_ >= options_.max_jobs)
        retire(now);
}

/// Returns when it becomes due by its age.
link_state::time link_state::due_at() const noexcept
{
    return due_ || retiring_ || options_.max_age == duration::zero()
        ? never
        : saturating_add(started_at_, options_.max_age);
}

void link_state::new_head(time now) noexcept
{
    head_since_ = now;
    if (phase_ == phase::ready)
        kill_at_ = !flights_.empty() && flights_.front().asked
            ? saturating_add(now, options_.kill_grace)
            : never;
}

void link_state::take_out(flight_queue::iterator const& at, flight& out, time now) noexcept
{
    bool const was_head = at == flights_.begin();
    out = *at;
    asked_ -= out.asked ? 1U : 0U;
    untold_ -= out.untold ? 1U : 0U;
    if (was_head) {
        flights_.pop_front();  // which moves no others
        new_head(now);
    }
    else
        flights_.erase(at);
    lift_bar();
    close_if_empty(now);
}

// Answers ------------------------------------------------------------------------------------------

link_state::effect link_state::answered(
    std::uint64_t id, answer how, flight& out, time now) noexcept
{
    auto const at =
        std::find_if(flights_.begin(), flights_.end(), [&](flight const& f) { return f.id == id; });
    if (at == flights_.end() && goodbye_ && how == answer::not_begun)
        return effect::nothing;
    if (at == flights_.end() || at->ends_at > written_)
        return effect::violation;
    if (how == answer::not_begun) {
        if (!at->behind_bar)
            return effect::violation;
        take_out(at, out, now);
        --jobs_;
        return out.asked ? effect::stopped : effect::returned;
    }
    bool const in_turn = at == flights_.begin();
    if (!in_turn && verdict_ != verdict::violation)
        return effect::violation;
    take_out(flights_.begin(), out, now);
    ++pace_answers_;
    if (!in_turn)
        return effect::spoilt;  // its answer was garbled
    garbled_ = 0;
    return out.spoilt ? effect::spoilt : effect::finished;
}

void link_state::paced(time now) noexcept
{
    if (pace_answers_ == 0)
        return;
    auto const seen =
        std::max((now - pace_since_) / static_cast<duration::rep>(pace_answers_), duration{1});
    // A longer time per job takes effect at once, because a job may be waiting behind this one. A
    // shorter time takes effect gradually.
    set_pace(pace_ == duration::zero() || seen > pace_ ? seen : pace_ - (pace_ - seen) / 4);
    pace_answers_ = 0;
    pace_since_ = now;
}

// Stopping -----------------------------------------------------------------------------------------

bool link_state::ask(std::uint64_t id, error_code why, time now) noexcept
{
    auto const at =
        std::find_if(flights_.begin(), flights_.end(), [&](flight const& f) { return f.id == id; });
    if (at == flights_.end())
        return false;
    if (at->asked)
        return true;
    at->asked = why;
    ++asked_;
    if (!serving())
        return true;
    at->untold = true;
    ++untold_;
    if (at == flights_.begin())
        kill_at_ = std::min(kill_at_, saturating_add(now, options_.kill_grace));
    return true;
}

void link_state::bar() noexcept
{
    barred_ = true;
    resume_ = false;  // that one would lift this bar
    for (auto& f : flights_)
        f.behind_bar = true;
}

void link_state::lift_bar() noexcept
{
    if (recalling_ && flights_.size() <= 1)
        recalling_ = recall_ = false;
    if (!serving() || !barred_ || asked_ != 0 || recalling_)
        return;
    barred_ = false;
    resume_ = true;
}

void link_state::retire(time now) noexcept
{
    if (retiring_)
        return;
    retiring_ = true;
    close_if_empty(now);
}

void link_state::close_if_empty(time now) noexcept
{
    if (phase_ != phase::ready || !retiring_ || !flights_.empty())
        return;
    phase_ = phase::closing;
    close_ = true;
    kill_at_ = saturating_add(now, options_.kill_grace);
}

void link_state::said_goodbye(time now) noexcept
{
    if (!was_ready_ || goodbye_ || phase_ >= phase::ended || verdict_ == verdict::violation)
        return;
    if (!serving()) {
        // It has exited meanwhile, or was killed.
        retiring_ = goodbye_ = true;
        return;
    }
    close_ = close_ || phase_ == phase::ready || !retiring_;
    retiring_ = goodbye_ = true;
    phase_ = phase::closing;
    // A bar that is up stays: it begins nothing anyway.
    recall_ = resume_ = recalling_ = false;
    kill_at_ = saturating_add(now, options_.kill_grace);
}

void link_state::pipe_closed(time now) noexcept
{
    if (phase_ != phase::ready && phase_ != phase::starting)
        return;
    phase_ = phase::closing;
    kill_at_ = std::min(kill_at_, saturating_add(now, options_.kill_grace));
}

void link_state::violated(bool legible, time now) noexcept
{
    if (phase_ == phase::ended || phase_ == phase::lost)
        return;
    legible_ = legible_ && legible;
    ++garbled_;
    if (verdict_ != verdict::none && verdict_ != verdict::violation)
        return;
    if (verdict_ == verdict::none && !flights_.empty())
        flights_.front().spoilt = true;
    if (phase_ == phase::exited)
        verdict_ = verdict::violation;
    else
        kill(verdict::violation, now);
}

void link_state::kill(verdict why, time now) noexcept
{
    if (!alive())
        return;
    phase_ = phase::killing;
    verdict_ = why;
    nothing_to_do();
    kill_ = true;
    kill_at_ = saturating_add(now, std::max(options_.kill_grace, options_.least_time_to_die));
}

/// Forgets what was still to be told to the worker.
void link_state::nothing_to_do() noexcept
{
    untold_ = 0;
    for (auto& f : flights_)
        f.untold = false;
    recall_ = resume_ = close_ = kill_ = false;
}

void link_state::tick(time now) noexcept
{
    if (now < next_deadline())
        return;
    switch (phase_) {
    case phase::launching:
    case phase::starting:
        return kill(verdict::start_timeout, now);
    case phase::closing:
        return kill(verdict::overdue, now);
    case phase::killing:
        phase_ = phase::lost;
        return;
    case phase::exited:
    case phase::ended:
    case phase::lost:
        return;
    case phase::ready:
        break;
    }
    due_ = due_ || now >= due_at();
    if (flights_.empty())
        return;
    auto const& first = flights_.front();
    if (!first.asked && first.timeout > duration::zero() &&
        now >= saturating_add(head_since_, first.timeout))
        ask(first.id, make_error_code(errc::job_timeout), now);
    if (first.asked && now >= kill_at_)
        return kill(verdict::asked, now);
    if (flights_.size() > 1 && !barred_ && untold_ == 0 && overstays(now)) {
        recalling_ = true;
        recall_ = true;
    }
}

link_state::time link_state::next_deadline() const noexcept
{
    switch (phase_) {
    case phase::launching:
    case phase::starting:
        return saturating_add(started_at_, options_.startup_timeout);
    case phase::closing:
    case phase::killing:
        return kill_at_;
    case phase::exited:
    case phase::ended:
    case phase::lost:
        return never;
    case phase::ready:
        break;
    }
    if (flights_.empty())
        return due_at();
    auto at = std::min(kill_at_, due_at());
    auto const& first = flights_.front();
    if (!first.asked && first.timeout > duration::zero())
        at = std::min(at, saturating_add(head_since_, first.timeout));
    if (flights_.size() > 1 && !barred_)
        at = std::min(at, saturating_add(head_since_, options_.patience));
    return at;
}

link_state::action link_state::poll() noexcept
{
    if (kill_) {
        kill_ = false;
        return {.what = act::kill};
    }
    if (untold_ != 0) {
        auto const at = std::find_if(
            flights_.begin(), flights_.end(), [](flight const& f) { return f.untold; });
        at->untold = false;
        --untold_;
        bar();
        return {.what = act::send_cancel, .id = at->id};
    }
    if (recall_) {
        recall_ = false;
        bar();
        return {.what = act::send_cancel};
    }
    if (resume_) {
        resume_ = false;
        return {.what = act::send_resume};
    }
    if (close_) {
        close_ = false;
        return {.what = act::close_input};
    }
    return {};
}

// The end ------------------------------------------------------------------------------------------

void link_state::exited() noexcept
{
    if (phase_ == phase::ended || phase_ == phase::lost)
        return;
    phase_ = phase::exited;
    kill_at_ = never;
    nothing_to_do();
}

void link_state::ended(bool killed, std::uint64_t unread) noexcept
{
    exited();
    phase_ = phase::ended;
    read_ = written_ - std::min(unread, written_);
    if (!killed && verdict_ == verdict::overdue)
        verdict_ = verdict::none;
}

link_state::loss link_state::lose(flight& out) noexcept
{
    BOOST_ASSERT(phase_ >= phase::ended || goodbye_);
    BOOST_ASSERT(!flights_.empty());
    out = flights_.front();
    flights_.pop_front();
    asked_ -= out.asked ? 1U : 0U;
    untold_ -= out.untold ? 1U : 0U;
    if (goodbye_) {
        --jobs_;
        return out.asked ? loss::stopped : loss::returned;
    }
    // One that has closed its stdout may have done all of them. One that is lost may still do so.
    bool const begun =
        lost_ <= garbled_ || !legible_ || verdict_ == verdict::overdue || phase_ == phase::lost;
    ++lost_;
    bool const may_have_run = begun && out.ends_at <= written_ && out.ends_at <= read_;
    if (!may_have_run)
        return out.asked ? loss::stopped : loss::returned;
    return out.asked && verdict_ == verdict::asked ? loss::killed : loss::failed;
}

}  // namespace leasepool::detail
