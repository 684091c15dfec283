// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/process_pool.hpp"

#include "process/child/os_process.hpp"

#include "core/support/steady_time.hpp"

#include "wire/notifications.hpp"
#include "wire/protocol.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <utility>

// The pool: who starts, who gets a job, who goes. What comes from the workers is in
// process_pool_messages.cpp.

namespace leasepool::detail {

namespace asio = boost::asio;

namespace {

std::shared_ptr<spawn_options const> spawning(process_backend_options const& from)
{
    auto const made = std::make_shared<spawn_options>();
    auto& to = *made;
    to.command = from.command;
    to.launcher = from.launcher;
    to.environment = from.environment;
    to.environment.try_emplace("LEASEPOOL_LOG_LEVEL", std::string(to_string(from.log_level)));
    to.inherit_environment = from.inherit_environment;
    to.working_directory = from.working_directory;
    to.limits = from.limits;
    to.parent_death_signal = SIGKILL;
    return made;
}

}  // namespace

process_pool::process_pool(pool_site site, std::shared_ptr<process_backend_options const> options)
    : site_(std::move(site)), options_(std::move(options)), bounds_{options_->max_message_bytes,
                                                                options_->max_message_depth},
      spawn_(spawning(*options_)), link_options_{.startup_timeout = options_->startup_timeout,
                                       .kill_grace = options_->kill_grace},
      executor_(site_.get_executor()), timer_(executor_), look_(*this, executor_),
      crew_({.workers = options_->workers_per_pool,
          .backoff = options_->backoff,
          .max_backoff = options_->max_backoff,
          .attempts = options_->start_attempts})
{
}

void process_pool::serve(job_source& from) noexcept
{
    guarded([&](outcomes& done) {
        source_ = &from;
        step(done);
    });
}

void process_pool::close() noexcept
{
    guarded([this](outcomes& done) {
        closing_ = true;
        for (auto const& link : links_)
            if (link->serving)
                retire(*link);
            else if (link->state.state() == link_state::phase::starting)
                link->state.kill(link_state::verdict::dropped);
        step(done);
        if (links_.empty())
            site_.closed();
    });
}

void process_pool::end() noexcept
{
    std::vector<run_operation*> had;
    {
        lock held(mutex_);
        if (std::exchange(dead_, true))
            return;
        timer_.reset();
        look_.drop_executor();
        for (auto const& link : links_) {
            if (link->start)
                link->start->cancel();
            link->drop();
        }
        executor_ = {};
    }
    // `dead_` keeps everybody else away from here on.
    if (auto* const op = std::exchange(homeless_, nullptr))
        source_->fail_job(*op, errc::not_running, nullptr);
    for (auto const& link : links_) {
        link->state.ended(true);
        while (link->state.in_flight() != 0) {
            link_state::flight flight{};
            link->state.lose(flight);
            source_->fail_job(
                *static_cast<run_operation*>(flight.what), errc::not_running, nullptr);
        }
    }
    links_.clear();
}

// Jobs ---------------------------------------------------------------------------------------------

void process_pool::jobs_waiting() noexcept
{
    if (no_room_.load())
        return;
    lock held(mutex_);
    // With one that has no place yet there will be another look; it goes first.
    if (dead_ || homeless_)
        return;
    bool room = false;
    bool idle = false;
    auto const now = this->now();
    for (auto const& link : links_) {
        room = room || (link->serving && link->state.room(now));
        idle = idle || (link->serving && link->state.idle());
    }
    // An idle worker gets the job at once. Otherwise there is time to gather more of them. Without
    // room they are looked at when something is answered.
    if (!room || pump_posted_)
        return;
    if (!idle) {
        pump_posted_ = true;
        return post_pump();
    }
    try {
        pump();
        arm_timer();
    }
    catch (std::exception const&) {
        out_of_memory();
    }
}

/// Has the requests written that are queued by then. Precondition: `pump_posted_` is set.
void process_pool::post_pump() noexcept
{
    try {
        if (dead_)
            return;
        asio::post(executor_, [self = shared_from_this()] {
            self->guarded([&](outcomes& done) {
                self->pump_posted_ = false;
                self->step(done);
            });
        });
    }
    catch (std::exception const&) {
        pump_posted_ = false;
        out_of_memory();
    }
}

/// Something was begun, and not finished for lack of memory: half of a request may have been appended,
/// say. So all workers go; and nobody may wait for them, or for the clocks.
void process_pool::out_of_memory() noexcept
{
    for (auto const& link : links_) {
        link->state.kill(link_state::verdict::dropped);
        if (link->process.valid())
            link->process.signal(SIGKILL);
    }
    if (dead_ || look_posted_.exchange(true))
        return;
    kept_ = shared_from_this();
    look_.post();
}

void process_pool::another_look::go(completion* self, step what)
{
    // Perhaps inside `post`, under the lock, if the executor takes nothing any more.
    auto& pool = static_cast<another_look*>(self)->pool;
    auto const kept = std::move(pool.kept_);
    pool.look_posted_.store(false);
    if (what == step::deliver)
        pool.guarded([&](outcomes& done) { pool.step(done); });
}

void process_pool::stop_job(std::uint64_t request_id, error_code why) noexcept
{
    guarded([&](outcomes&) {
        for (auto const& link : links_)
            if (link->state.ask(request_id, why, now_)) {
                act(link);
                arm_timer();
                return;
            }
    });
}

void process_pool::pump()
{
    // First what was decided before: a worker puts aside what comes before its resume.
    for (auto const& link : links_)
        if (link->serving)
            act(link);
    for (;;) {
        link_ptr const* best = nullptr;
        for (auto const& link : links_)
            if (link->serving && link->state.room(now_) &&
                (!best || link->state.in_flight() < (*best)->state.in_flight()))
                best = &link;
        // Said before the queue is looked into: who comes later sees it, who came earlier is seen.
        no_room_.store(!best);
        auto* const op = best ? source_->take_job() : nullptr;
        if (!op)
            break;
        homeless_ = op;
        give_job(**best, *op);
        homeless_ = nullptr;
    }
    for (auto const& link : links_)
        if (link->serving)
            act(link);
}

void process_pool::give_job(worker_link& link, run_operation& op)
{
    auto const limit = options_->job_timeout.value_or(link_state::duration::zero());
    link.send(op, limit, now_);
    if (!std::exchange(link.proven, true))
        crew_.proven();
    consider_recycling(link);
}

// Workers ------------------------------------------------------------------------------------------

void process_pool::step(outcomes& done)
{
    if (homeless_) {
        done.push_back({.op = homeless_, .what = worker_link::outcome::kind::given_back});
        homeless_ = nullptr;
    }
    for (auto const& link : links_) {
        // Of one that is being read, the reader looks at the clocks when he knows what it has sent.
        if (!link->busy)
            link->state.tick(now_);
        // If there was no memory to have this posted when it exited.
        if (link->exited && !link->busy && !link->drained)
            asio::post(executor_, [self = shared_from_this(), link] { self->serve(link, true); });
        if (link->serving && !link->due && options_->max_worker_age &&
            now_ - link->state.started_at() >= *options_->max_worker_age) {
            link->due = true;
            crew_.due();
        }
    }
    for (std::size_t i = 0; i != links_.size();) {
        auto const link = links_[i];
        if (link->exited && !link->busy && link->drained)
            bury(link, done);
        else
            ++i;
    }
    while (crew_.can_retire()) {
        auto const due = std::find_if(links_.begin(), links_.end(),
            [](link_ptr const& link) { return link->serving && link->due; });
        retire(**due);
    }
    start_workers();
    pump();
    for (auto const& link : links_) {
        act(link);
        watch(link);
    }
    arm_timer();
}

void process_pool::start_workers()
{
    while (!closing_ && !failed_ && crew_.wants_start(now_)) {
        auto link = std::make_shared<worker_link>(link_options_, bounds_, now_);
        links_.push_back(link);
        crew_.starting();
        try {
            link->start = spawn(
                spawn_,
                [self = shared_from_this(), link](started_program&& program) {
                    self->guarded(
                        [&](outcomes& done) { self->on_launched(link, std::move(program), done); });
                },
                [self = shared_from_this(), link] { self->on_exit(link); });
        }
        catch (...) {
            links_.pop_back();
            start_failed(std::current_exception());
        }
    }
}

void process_pool::on_launched(link_ptr const& link, started_program&& program, outcomes& done)
{
    link->start.reset();
    auto why = program.error;
    if (!why)
        try {
            link->process = child(executor_, std::move(program));
        }
        catch (...) {
            why = std::current_exception();
        }
    if (why) {
        std::erase(links_, link);
        start_failed(why);
        if (closing_ && links_.empty())
            site_.closed();
    }
    else {
        link->launched = true;
        log_worker(*link, severity::debug, "worker started");
        if (link->process.status())
            has_exited(link);
    }
    step(done);
}

void process_pool::act(link_ptr const& link)
{
    if (!link->launched) {
        if (link->start && link->state.state() == link_state::phase::killing)
            link->start->cancel();
        return;
    }
    if (link->act(now_) || link->writing)
        return;
    link->process.standard_input().async_wait(asio::posix::descriptor_base::wait_write,
        [self = shared_from_this(), link](boost::system::error_code) {
            self->guarded([&](outcomes& done) {
                link->writing = false;
                if (!link->gone)
                    self->step(done);
            });
        });
    link->writing = true;
}

/// Waits for whatever may come from the worker and is not waited for.
void process_pool::watch(link_ptr const& link)
{
    using asio::posix::descriptor_base;
    if (!link->launched || link->gone)
        return;
    if (!link->reading && !link->busy && !link->input_ended()) {
        link->process.standard_output().async_wait(descriptor_base::wait_read,
            [self = shared_from_this(), link](auto) { self->on_readable(link); });
        link->reading = true;
    }
    if (!link->reading_errors && !link->errors_ended()) {
        link->process.standard_error().async_wait(descriptor_base::wait_read,
            [self = shared_from_this(), link](auto) { self->on_errors_readable(link); });
        link->reading_errors = true;
    }
}

process_pool::time process_pool::next_deadline() const noexcept
{
    auto at = closing_ || failed_ ? link_state::never : crew_.next_deadline();
    for (auto const& link : links_) {
        if (!link->busy)
            at = std::min(at, link->state.next_deadline());
        if (link->serving && !link->due && options_->max_worker_age)
            at = std::min(at, saturating_add(link->state.started_at(), *options_->max_worker_age));
    }
    return at;
}

void process_pool::arm_timer()
{
    auto const next = next_deadline();
    // A deadline that moved away is found out when the timer fires.
    if (next >= armed_for_)
        return;
    armed_for_ = link_state::never;  // as it is if there is no memory for the wait
    timer_->expires_at(next);
    timer_->async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (!error)
            self->on_timer();
    });
    armed_for_ = next;
}

void process_pool::on_timer() noexcept
{
    std::vector<link_ptr> links;
    guarded([&](outcomes&) {
        armed_for_ = link_state::never;
        links = links_;
    });
    // What they have answered counts, also if this thread was held up: first that, then the clocks.
    for (auto const& link : links)
        serve(link, false);
    guarded([this](outcomes& done) { step(done); });
}

// Recycling ----------------------------------------------------------------------------------------

void process_pool::consider_recycling(worker_link& link) noexcept
{
    if (!link.serving)
        return;
    auto const most = options_->max_jobs_per_worker;
    if (!most)
        return;
    // A little earlier, so that its successor is ready in time.
    auto const lead = std::max<std::size_t>(*most / 8, 1);
    if (link.jobs >= *most - lead && !std::exchange(link.due, true))
        crew_.due();
    if (link.jobs >= *most)
        retire(link);
}

void process_pool::retire(worker_link& link) noexcept
{
    leave_service(link);
    link.state.retire(now_);
}

void process_pool::leave_service(worker_link& link) noexcept
{
    if (!std::exchange(link.serving, false))
        return;
    crew_.left(link.due, link.proven || closing_, now_);
    report_workers();
}

/// Before the jobs of a worker that ended are settled: their callers may look for a pool at once.
void process_pool::report_workers() noexcept
{
    bool const any = crew_.serving() != 0;
    if (std::exchange(has_workers_, any) != any)
        site_.has_workers(any);
}

void process_pool::start_failed(std::exception_ptr const& why)
{
    crew_.start_failed(now_);
    start_trouble(why);
}

// The end of a worker ------------------------------------------------------------------------------

/// On the thread of the reaper.
void process_pool::on_exit(link_ptr const& link) noexcept
{
    guarded([&](outcomes&) {
        if (link->launched && !link->gone)
            has_exited(link);
    });
}

void process_pool::has_exited(link_ptr const& link)
{
    if (link->exited)
        return;
    link->has_exited(*link->process.status());
    // Reads what is left.
    asio::post(executor_, [self = shared_from_this(), link] { self->serve(link, true); });
}

}  // namespace leasepool::detail
