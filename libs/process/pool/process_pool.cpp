// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/process_pool.hpp"

#include "process/child/os_process.hpp"
#include "process/child/spare_threads.hpp"

#include "base/utf8.hpp"

#include "core/support/os.hpp"
#include "core/support/text.hpp"
#include "core/support/thread_scope.hpp"

#include "wire/notifications.hpp"
#include "wire/protocol.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <csignal>
#include <new>
#include <thread>
#include <utility>
#include <variant>

// The events of a pool of worker processes, and the reactions to them. The pool's record and the
// manager call it through `job_pool`; it calls `job_source` and `pool_site`.

namespace leasepool::detail {

namespace asio = boost::asio;

namespace {

/// A longer message is decoded on a spare thread, so that an io thread is not held up.
constexpr std::size_t longest_on_io_thread = std::size_t{16} << 10;

std::shared_ptr<spawn_options const> spawning(process_backend_options const& from)
{
    auto const to = std::make_shared<spawn_options>();
    to->command = from.command;
    to->launcher = from.launcher;
    to->environment = from.environment;
    to->environment.try_emplace("LEASEPOOL_LOG_LEVEL", std::string(to_string(from.log_level)));
    to->inherit_environment = from.inherit_environment;
    to->working_directory = from.working_directory;
    to->limits = from.limits;
    to->parent_death_signal = SIGKILL;
    return to;
}

severity severity_named(std::string_view name) noexcept
{
    for (auto const level : {severity::debug, severity::warning, severity::error})
        if (name == to_string(level))
            return level;
    return severity::info;
}

/// Returns what `make` returns; if there is no memory for that, the exception.
template <class Make>
std::exception_ptr reason(Make const& make) noexcept
{
    try {
        return make();
    }
    catch (...) {
        return std::current_exception();
    }
}

}  // namespace

process_pool::process_pool(pool_site site, std::shared_ptr<process_backend_options const> options)
    : generation_(fork_generation()), site_(std::move(site)),
      options_(std::move(options)), bounds_{options_->max_message_bytes,
                                        options_->max_message_depth},
      spawn_(spawning(*options_)), link_options_{.startup_timeout = options_->startup_timeout,
                                       .kill_grace = options_->kill_grace,
                                       .max_jobs = options_->max_jobs_per_worker.value_or(0),
                                       .max_age = options_->max_worker_age.value_or(
                                           link_state::duration::zero())},
      executor_(site_.get_executor()), timer_(executor_), retry_(*this, executor_),
      supply_({.workers = options_->workers_per_pool,
          .backoff = options_->backoff,
          .max_backoff = options_->max_backoff,
          .attempts = options_->start_attempts})
{
}

/// In a forked child there are neither the threads nor the workers of this pool, and its lock may
/// be held.
bool process_pool::inherited() const noexcept
{
    return fork_generation() != generation_;
}

// Under the lock -----------------------------------------------------------------------------------

/// Calls `f(done)` under the lock, unless the pool has ended. Then settles what `f` has put into
/// `done`.
template <class F>
void process_pool::guarded(F const& f) noexcept
{
    if (inherited())
        return;
    outcomes done;
    lock held(mutex_);
    if (dead_)
        return;
    now();
    try {
        f(done);
    }
    catch (...) {
        out_of_memory(nullptr);
    }
    settle_unlocked(held, done);
}

/// Calls `f(done)` for an event of this worker, and then `after`, unless the worker is gone.
template <class F>
void process_pool::guarded(link_ptr const& link, F const& f) noexcept
{
    if (inherited())
        return;
    outcomes done;
    lock held(mutex_);
    if (dead_ || link->dropped())
        return;
    now();
    try {
        f(done);
        after(*link);
        supply();
    }
    catch (...) {
        out_of_memory(link.get());
    }
    settle_unlocked(held, done);
}

/// An action was begun and not finished for lack of memory. Half of a request may have been appended,
/// for example, so the worker is killed. The rest is tried again.
void process_pool::out_of_memory(worker_link* link) noexcept
{
    if (link)
        fail_from_memory(*link);
    if (dead_ || retry_posted_.exchange(true))
        return;
    kept_ = shared_from_this();
    retry_.post();
}

void process_pool::fail_from_memory(worker_link& link) noexcept
{
    if (!link.broken)
        link.broken = std::make_exception_ptr(std::bad_alloc());
    link.state.violated(false, now_);
    link.state.kill(link_state::verdict::dropped, now_);
    if (!link.dropped()) {
        static_cast<void>(link.act(now_));
        index_.update(link, now_);
    }
}

void process_pool::retry::go(completion* self, step what)
{
    // Perhaps inside `post`, under the lock, if the executor accepts nothing any more.
    auto& pool = static_cast<retry*>(self)->pool;
    auto const kept = std::move(pool.kept_);
    pool.retry_posted_.store(false);
    if (what == step::deliver)
        pool.on_memory();
}

void process_pool::on_memory() noexcept
{
    guarded([this](outcomes& done) {
        if (unsent_) {
            done.push_back({.op = unsent_, .what = outcome::kind::given_back});
            unsent_ = nullptr;
        }
        auto const links = links_;
        for (auto const& link : links) {
            if (link->exit && !link->is_read())
                asio::post(
                    executor_, [self = shared_from_this(), link] { self->on_readable(link); });
            if (link->state.state() == link_state::phase::lost && !link->dropped())
                tick(*link, now_, done);
            if (phase_ == phase::closing && !link->dropped())
                link->state.retire(now_);
            after(*link);
        }
        supply();
    });
    // It has failed again. Without a pause the retries would take a whole processor.
    if (retry_posted_.load())
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

/// What follows from an event of a worker.
void process_pool::after(worker_link& link) noexcept
{
    if (link.dropped())
        return;
    try {
        act(link);
        await_events(link);
    }
    catch (...) {
        out_of_memory(&link);
    }
    account(link);
    index_.update(link, now_);
}

void process_pool::act(worker_link& link)
{
    if (link.act(now_) || link.awaits_room)
        return;
    link.process.standard_input().async_wait(asio::posix::descriptor_base::wait_write,
        [self = shared_from_this(), link = link.shared_from_this()](
            error_code) { self->on_writable(link); });
    link.awaits_room = true;
}

void process_pool::await_events(worker_link& link)
{
    using asio::posix::descriptor_base;
    if (!link.process.valid())
        return;
    if (!link.awaits_output && !link.is_read() && !link.output_ended()) {
        link.process.standard_output().async_wait(descriptor_base::wait_read,
            [self = shared_from_this(), link = link.shared_from_this()](
                error_code) { self->on_output(link); });
        link.awaits_output = true;
    }
    if (!link.awaits_errors && !link.errors_ended()) {
        link.process.standard_error().async_wait(descriptor_base::wait_read,
            [self = shared_from_this(), link = link.shared_from_this()](
                error_code) { self->on_errors_readable(link); });
        link.awaits_errors = true;
    }
    if (!link.awaits_no_reader && !link.exit && link.process.standard_input().is_open() &&
        !link.closed_first) {
        link.process.standard_input().async_wait(descriptor_base::wait_error,
            [self = shared_from_this(), link = link.shared_from_this()](
                error_code) { self->on_input_error(link); });
        link.awaits_no_reader = true;
        // It may have been closed before the wait began.
        check_input(link);
    }
}

void process_pool::check_input(worker_link& link) noexcept
{
    if (link.exit || !link.process.standard_input().is_open() || !link.input_has_no_reader())
        return;
    if (!link.closed_first)
        link.closed_first = "stdin";
    link.state.pipe_closed(now_);
}

/// Reports to the supply how the worker counts now.
void process_pool::account(worker_link& link) noexcept
{
    using counted = worker_link::counted;
    auto is = counted::not_at_all;
    if (link.state.in_service())
        is = link.state.is_due() ? counted::due : counted::in_service;
    else if (!link.state.was_ready() && link.state.state() < link_state::phase::ended)
        is = counted::starting;  // also while its start is ended
    auto const was = std::exchange(link.counted_as, is);
    if (was == is)
        return;
    if (was == counted::starting) {
        if (is == counted::not_at_all)
            return supply_.start_failed(now_);
        supply_.ready();
    }
    if (is == counted::due)
        supply_.due();
    else if (is == counted::not_at_all)
        supply_.left(was == counted::due, link.state.had_a_job() || phase_ == phase::closing, now_);
    report_workers();
}

// The life of the pool -----------------------------------------------------------------------------

void process_pool::serve(job_source& from) noexcept
{
    guarded([&](outcomes&) {
        source_ = &from;
        supply();
    });
}

void process_pool::close() noexcept
{
    if (inherited())
        return site_.closed();
    guarded([this](outcomes&) {
        phase_ = phase::closing;
        for (auto const& link : links_) {
            if (link->state.state() < link_state::phase::ready)
                link->state.kill(link_state::verdict::dropped, now_);
            else
                link->state.retire(now_);
            after(*link);
        }
        if (links_.empty())
            site_.closed();
        arm_timer();
    });
}

void process_pool::end() noexcept
{
    // The I/O objects and the workers are the parent's, so they are not destroyed.
    if (inherited()) {
        kept_ = shared_from_this();
        return;
    }
    {
        lock held(mutex_);
        if (std::exchange(dead_, true))
            return;
        timer_.reset();
        retry_.drop_executor();
        for (auto const& link : links_)
            link->drop();
        executor_ = {};
        // Except the calls inside which this one is made.
        int const own = settling_scope::count_here(*this);
        settled_.wait(held, [&] { return settling_ == own; });
    }
    // No other function does anything from here on, because of `dead_`.
    if (auto* const op = std::exchange(unsent_, nullptr))
        source_->fail_job(*op, errc::not_running, nullptr);
    for (auto const& link : links_) {
        index_.remove(*link);
        link->state.ended(true, 0);
        while (link->state.in_flight() != 0) {
            link_state::flight flight{};
            link->state.lose(flight);
            source_->fail_job(*operation_of(&flight), errc::not_running, nullptr);
        }
    }
    links_.clear();
}

// Jobs ---------------------------------------------------------------------------------------------

void process_pool::jobs_waiting() noexcept
{
    if (inherited())
        return site_.broken(reason([] {
            return std::make_exception_ptr(
                boost::system::system_error(make_error_code(errc::pool_broken),
                    "the process has forked, and the pool's workers are those of its parent"));
        }));
    if (no_room_.load())
        return;
    lock const held(mutex_);
    // An unsent job comes first; it is given back soon.
    if (dead_ || unsent_ || more_jobs_awaited_)
        return;
    now();
    auto const* const best = index_.least_loaded();
    if (!best)
        return;
    // An idle worker gets the job at once. Otherwise there is time to gather more of them.
    if (best->state.in_flight() != 0)
        return await_more_jobs();
    try {
        send_jobs();
        arm_timer();
    }
    catch (...) {
        out_of_memory(nullptr);
    }
}

/// Has the jobs sent that are queued by then.
void process_pool::await_more_jobs() noexcept
{
    if (dead_ || std::exchange(more_jobs_awaited_, true))
        return;
    try {
        asio::post(executor_, [self = shared_from_this()] { self->on_queue_waited(); });
    }
    catch (...) {
        more_jobs_awaited_ = false;
        out_of_memory(nullptr);
    }
}

void process_pool::on_queue_waited() noexcept
{
    guarded([this](outcomes&) {
        more_jobs_awaited_ = false;
        supply();
    });
}

/// Sends jobs while a worker has room and one is queued.
void process_pool::send_jobs()
{
    // Requests to one worker are written together, when another worker is next or the queue is empty.
    worker_link* last = nullptr;
    for (;;) {
        auto* const best = index_.least_loaded();
        if (best && !best->state.room(now_)) {
            // Its job has run for too long meanwhile.
            index_.update(*best, now_);
            continue;
        }
        // Stored before the queue is checked: a later caller sees it, and the job of an earlier one is
        // found.
        no_room_.store(!best);
        auto* const op = best ? source_->take_job() : nullptr;
        if (!op)
            break;
        unsent_ = op;
        try {
            give_job(*best, *op);
        }
        catch (...) {
            fail_from_memory(*best);
            throw;
        }
        unsent_ = nullptr;
        index_.update(*best, now_);
        if (last && last != best)
            after(*last);
        last = best;
    }
    if (last)
        after(*last);
}

void process_pool::give_job(worker_link& link, run_operation& op)
{
    auto const limit = options_->job_timeout.value_or(link_state::duration::zero());
    bool const first = !link.state.had_a_job();
    link.send(op, limit, now_);
    if (first)
        supply_.proven();
}

void process_pool::stop_job(std::uint64_t request_id, error_code why) noexcept
{
    guarded([&](outcomes&) {
        for (auto const& link : links_)
            if (link->state.may_have(request_id) && link->state.ask(request_id, why, now_)) {
                after(*link);
                return arm_timer();
            }
    });
}

// The number of workers ----------------------------------------------------------------------------

/// Retires and starts workers as the supply says, and sends jobs to those that have room.
void process_pool::supply()
{
    while (supply_.can_retire()) {
        auto const due = std::find_if(links_.begin(), links_.end(),
            [](link_ptr const& link) { return link->counted_as == worker_link::counted::due; });
        (*due)->state.retire(now_);
        after(**due);
    }
    while (phase_ != phase::closing && phase_ != phase::failed && supply_.wants_start(now_))
        start_worker();
    send_jobs();
    arm_timer();
}

void process_pool::start_worker()
{
    auto const link = std::make_shared<worker_link>(link_options_, bounds_, now_);
    links_.push_back(link);
    supply_.starting();
    try {
        link->start = spawn(
            spawn_,
            [self = shared_from_this(), link](
                started_program&& program) { self->on_launched(link, std::move(program)); },
            [self = shared_from_this(), link] { self->on_exited(link); });
        index_.update(*link, now_);
    }
    catch (...) {
        links_.pop_back();
        start_failed(std::current_exception());
    }
}

void process_pool::on_launched(link_ptr const& link, started_program&& program) noexcept
{
    guarded(link, [&](outcomes& done) {
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
            // If the start was ended by this pool, the reason of that counts.
            if (link->state.why_killed() == link_state::verdict::start_timeout)
                why = reason([&] {
                    return trouble_with({}, errc::worker_start_failed,
                        "was not started within startup_timeout (" +
                            in_words(options_->startup_timeout) + ')');
                });
            link->state.ended(true, 0);
            account(*link);
            remove(*link);
            return start_trouble(why);
        }
        link->state.launched();
        log_worker(*link, severity::debug, "worker started");
        if (auto const status = link->process.status()) {
            link->has_exited(*status);
            finish(*link, done);
        }
        else if (link->state.state() == link_state::phase::killing)
            link->process.signal(SIGKILL);
    });
}

void process_pool::start_failed(std::exception_ptr const& why)
{
    supply_.start_failed(now_);
    start_trouble(why);
}

/// A worker did not get to its first job.
void process_pool::start_trouble(std::exception_ptr const& why)
{
    if (phase_ == phase::closing || phase_ == phase::failed || !why)
        return;
    bool const give_up = phase_ == phase::starting ? supply_.out_of_attempts() : supply_.given_up();
    if (!give_up) {
        log_start_failure(severity::warning, why);
        return;
    }
    bool const was_ready = phase_ == phase::ready;
    phase_ = phase::failed;
    if (was_ready) {
        log_start_failure(severity::error, why);
        site_.broken(why);
    }
    else
        site_.failed(why);
    for (auto const& link : links_) {
        // A worker that was ready may run a job.
        if (link->state.was_ready())
            link->state.retire(now_);
        else
            link->state.kill(link_state::verdict::dropped, now_);
        after(*link);
    }
}

void process_pool::log_start_failure(severity level, std::exception_ptr const& why) noexcept
{
    try {
        site_.log(level, "a worker could not be started", {{"error", what_of(why)}});
    }
    catch (std::bad_alloc const&) {
        return;
    }
}

/// Before the jobs of a worker that ended are settled, because their callers may acquire a pool.
void process_pool::report_workers() noexcept
{
    bool const any = supply_.serving() != 0;
    if (std::exchange(has_workers_, any) != any)
        site_.has_workers(any);
}

// Clocks -------------------------------------------------------------------------------------------

void process_pool::arm_timer()
{
    auto next = phase_ == phase::closing || phase_ == phase::failed ? link_state::never
                                                                    : supply_.next_deadline();
    if (auto const* const first = index_.first_due())
        next = std::min(next, first->deadline);
    // A deadline that moves away is found out when the timer fires.
    if (next >= armed_for_)
        return;
    armed_for_ = link_state::never;  // as it is if there is no memory for the wait
    timer_->expires_at(next);
    timer_->async_wait([self = shared_from_this()](error_code error) {
        if (!error)
            self->on_timer();
    });
    armed_for_ = next;
}

void process_pool::on_timer() noexcept
{
    std::vector<link_ptr> due;
    guarded([&](outcomes&) {
        armed_for_ = link_state::never;
        // First collected, because reading changes the index.
        while (auto* const first = index_.first_due()) {
            if (first->deadline > now_)
                break;
            first->note_deadline();
            due.push_back(first->shared_from_this());
            index_.remove(*first);
        }
    });
    for (auto const& link : due) {
        // What has arrived counts, also if this thread was late: first that, then the clock.
        on_readable(link);
        guarded(link, [&](outcomes& done) { tick(*link, now_, done); });
    }
    guarded([this](outcomes&) { supply(); });
}

/// The deadline of the worker may have passed.
void process_pool::tick(worker_link& link, time at, outcomes& done)
{
    if (link.state.state() != link_state::phase::lost) {
        if (at < link.state.next_deadline() || link.is_read() || !link.has_caught_up())
            return;
        link.state.tick(at);
    }
    if (link.state.state() == link_state::phase::lost) {
        static_cast<void>(link.act(now_));
        on_lost(link, done);
    }
}

// Reading ------------------------------------------------------------------------------------------

void process_pool::on_output(link_ptr const& link) noexcept
{
    if (inherited())
        return;
    {
        lock const held(mutex_);
        link->awaits_output = false;
        if (dead_ || !begin_reading(*link))
            return;
    }
    read(link, false);
}

void process_pool::on_readable(link_ptr const& link) noexcept
{
    if (inherited())
        return;
    {
        lock const held(mutex_);
        if (dead_ || !begin_reading(*link))
            return;
    }
    read(link, false);
}

/// Returns false if there is nothing to read, or if it is being read.
bool process_pool::begin_reading(worker_link& link) noexcept
{
    using reader = worker_link::reader;
    if (link.dropped() || !link.process.valid() || link.is_read())
        return false;
    link.reading = reader::active;
    return true;
}

/// Reads what the worker has sent, and takes note of it.
/// @param long_messages whether this is a spare thread, which decodes long messages, too.
void process_pool::read(link_ptr const& link, bool long_messages) noexcept
{
    using reader = worker_link::reader;
    auto next = after_read::more;
    lock held(mutex_);
    while ((next == after_read::more || next == after_read::again) && !dead_ && !link->dropped()) {
        outcomes done;
        auto const begun = now();
        if (begun >= link->state.next_deadline())
            link->note_deadline();
        try {
            next = read_once(link, held, long_messages, done);
            if (dead_ || link->dropped())
                return settle_unlocked(held, done);
            // A worker that sends without a pause must not keep this thread: the rest is waited for.
            // What a dead worker has sent is limited.
            if (next == after_read::more && !link->exit)
                next = after_read::nothing;
            if (next == after_read::elsewhere)
                after(*link);
            if (next == after_read::nothing) {
                link->reading = reader::none;
                // The worker may send without a pause.
                tick(*link, begun, done);
                finish(*link, done);
                after(*link);
                supply();
            }
        }
        catch (...) {
            // There is no memory for what it sends. It cannot go on in the middle of a message.
            next = after_read::nothing;
            link->reading = reader::none;
            if (!dead_ && !link->dropped())
                out_of_memory(link.get());
        }
        // The handlers of several jobs are likely to submit as many: they are written together.
        if (done.size() > 1)
            await_more_jobs();
        settle_unlocked(held, done);
    }
}

/// Reads and decodes once.
process_pool::after_read process_pool::read_once(
    link_ptr const& link, lock& held, bool& long_messages, outcomes& done)
{
    bool more = link->read();

    held.unlock();
    std::vector<worker_link::received> messages;
    bool decoded = true;
    try {
        decoded = link->decode(messages, long_messages ? SIZE_MAX : longest_on_io_thread);
        done.reserve(done.size() + messages.size());
    }
    catch (...) {
        held.lock();
        throw;
    }
    held.lock();
    if (dead_ || link->dropped())
        return after_read::nothing;

    progress_reports reports;
    std::exception_ptr failed;
    try {
        for (auto& message : messages)
            apply(*link, std::move(message), done, reports);
    }
    catch (...) {
        failed = std::current_exception();
    }
    link->state.paced(now_);
    if (!reports.empty()) {
        pass_on(reports, held);
        now();
        if (dead_ || link->dropped())
            return after_read::nothing;
    }
    if (failed)
        std::rethrow_exception(failed);
    if (auto const why = link->undecodable(); !why.empty()) {
        on_violation(*link, errc::message_too_large, why, false);
        more = false;
    }
    if (!decoded)
        try {
            spare_threads::instance().post(
                [self = shared_from_this(), link] { self->read(link, true); });
            link->reading = worker_link::reader::elsewhere;
            return after_read::elsewhere;
        }
        catch (...) {
            long_messages = true;  // there is no such thread
            return after_read::again;
        }
    if (!link->exit && link->output_ended()) {
        if (!link->closed_first)
            link->closed_first = "stdout";
        link->state.pipe_closed(now_);
    }
    return more ? after_read::more : after_read::nothing;
}

/// Passes progress on. Meanwhile `end` waits, because the context of an executor may end after it. If
/// an executor ends the pool inside this call, the rest is dropped.
void process_pool::pass_on(progress_reports& reports, lock& held) noexcept
{
    ++settling_;
    held.unlock();
    {
        settling_scope const here(*this);
        auto const ended = [this] {
            lock const checked(mutex_);
            return dead_;
        };
        for (auto& each : reports) {
            report_progress(site_, *each.to, std::move(each.value));
            if (ended())
                break;
        }
        // Here, because the destructors of executors may use their context.
        reports.clear();
    }
    held.lock();
    if (--settling_, dead_)
        settled_.notify_all();
}

void process_pool::on_errors_readable(link_ptr const& link) noexcept
{
    guarded(link, [&](outcomes&) {
        link->awaits_errors = false;
        // Limited, because a worker that floods its stderr must not keep others waiting.
        log_error_lines(*link, 1);
    });
}

void process_pool::on_writable(link_ptr const& link) noexcept
{
    guarded(link, [&](outcomes&) { link->awaits_room = false; });
}

void process_pool::on_input_error(link_ptr const& link) noexcept
{
    guarded(link, [&](outcomes&) {
        link->awaits_no_reader = false;
        check_input(*link);
    });
}

// Messages -----------------------------------------------------------------------------------------

void process_pool::apply(
    worker_link& link, worker_link::received&& from, outcomes& done, progress_reports& reports)
{
    using answer = link_state::answer;
    auto& what = from.what;
    if (auto* const bad = std::get_if<wire::violation>(&what)) {
        auto text = "sent what is " + bad->text;
        // The text of `errc::protocol_error` says so, too, but this becomes `worker_start_failed`.
        if (link.state.state() == link_state::phase::starting)
            text += "; write only messages to its stdout, and print to stderr";
        return on_violation(link, errc::protocol_error, text);
    }
    if (auto* const note = std::get_if<wire::notification>(&what)) {
        if (!link.broken)
            on_notification(link, std::move(*note), done, reports);
        return;
    }
    if (auto* const call = std::get_if<wire::request>(&what))
        return on_violation(link, errc::protocol_error,
            "sent a request (" + in_quotes(call->method) + "), not an answer");
    if (link.state.state() == link_state::phase::starting)
        return on_violation(link, errc::protocol_error, "sent an answer before it was ready");
    if (auto* const result = std::get_if<wire::result>(&what)) {
        auto const id = result->id;
        return on_answer(link, id, answer::done, std::move(from), done);
    }
    auto const& error = std::get<wire::error>(what);
    using enum wire::error_number;
    if (!error.id)
        return on_violation(link, errc::protocol_error,
            "could not read what it was sent: " + in_quotes(error.message));
    if (error.number == static_cast<int>(not_json) ||
        error.number == static_cast<int>(invalid_message))
        return on_violation(
            link, errc::protocol_error, "could not read a request: " + in_quotes(error.message));
    auto const how = error.number == static_cast<int>(not_begun) ? answer::not_begun : answer::done;
    auto const id = *error.id;
    on_answer(link, id, how, std::move(from), done);
}

void process_pool::on_answer(worker_link& link, std::uint64_t id, link_state::answer how,
    worker_link::received&& from, outcomes& done)
{
    using kind = outcome::kind;
    // There is a place for each job that is taken out of flight.
    done.reserve(done.size() + link.state.in_flight());
    link_state::flight flight{};
    auto begun = link.state.head_since();
    auto effect = link.state.answered(id, how, flight, now_);
    while (effect == link_state::effect::spoilt) {
        done.push_back({.op = operation_of(&flight),
            .what = kind::failed,
            .reason = link.broken,
            .begun = begun});
        if (flight.id == id)
            return;
        begun = link.state.head_since();
        effect = link.state.answered(id, how, flight, now_);
    }
    auto* const op = operation_of(&flight);
    switch (effect) {
    case link_state::effect::violation:
        return on_violation(link, errc::protocol_error,
            "answered request " + std::to_string(id) +
                (how == link_state::answer::not_begun ? " as not begun, which it was not told"
                                                      : ", whose turn it is not"));
    case link_state::effect::nothing:
        return;
    case link_state::effect::returned:
        done.push_back({.op = op, .what = kind::given_back});
        return;
    case link_state::effect::stopped:
        done.push_back({.op = op, .what = kind::not_run, .error = flight.asked});
        return;
    case link_state::effect::finished:
    case link_state::effect::spoilt:
        break;
    }
    op->remote()->answer_bytes = from.bytes;
    if (auto* const result = std::get_if<wire::result>(&from.what))
        done.push_back(
            {.op = op, .what = kind::result, .value = std::move(result->value), .begun = begun});
    else {
        auto& error = std::get<wire::error>(from.what);
        outcome out{.op = op, .what = kind::failed, .begun = begun};
        if (!flight.asked || error.number != static_cast<int>(wire::error_number::canceled))
            out.reason = failure_of(std::move(error), *op->remote(), link.methods);
        else if (flight.asked == errc::job_timeout)
            out.reason = timeout_of(op->remote()->name(), flight.timeout);
        else
            out.error = flight.asked;
        done.push_back(std::move(out));
    }
    check_memory(link);
}

void process_pool::on_notification(
    worker_link& link, wire::notification&& what, outcomes& done, progress_reports& reports)
{
    if (what.method == wire::methods::ready)
        return on_ready(link, what.params);
    if (link.state.state() == link_state::phase::starting)
        return on_violation(
            link, errc::protocol_error, "sent " + in_quotes(what.method) + " before it was ready");
    if (what.method == wire::methods::log)
        return on_log(link, what.params);
    if (what.method == wire::methods::goodbye)
        return on_goodbye(link, done);
    if (what.method == wire::methods::progress)
        on_progress(link, std::move(what.params), reports);
}

void process_pool::on_ready(worker_link& link, boost::json::value const& params)
{
    auto const state = link.state.state();
    if (state == link_state::phase::killing || state == link_state::phase::exited)
        return;
    if (state != link_state::phase::starting)
        return on_violation(link, errc::protocol_error, "said twice that it is ready");
    auto read = wire::read_ready(params);
    if (auto const* const fault = std::get_if<std::string>(&read))
        return on_violation(link, errc::protocol_error, "sent " + *fault);
    auto& ready = std::get<wire::ready>(read);
    if (ready.version != wire::protocol_version)
        return on_violation(link, errc::protocol_error,
            "speaks version " + std::to_string(ready.version) +
                " of the protocol; this is version " + std::to_string(wire::protocol_version));
    link.methods = std::move(ready.methods);
    link.send_limits();
    // A program between this one and the worker may take bytes with it when it ends. Then the first
    // job without an answer would not surely be the only one that has begun.
    bool const direct = ready.pid == link.process.pid();
    link.state.ready(direct && ready.can(wire::pipelining), now_);
    account(link);
    log_worker(link, severity::debug, "worker ready");
    if (phase_ == phase::closing)
        return link.state.retire(now_);
    if (phase_ == phase::starting && supply_.serving() == options_->workers_per_pool) {
        phase_ = phase::ready;
        site_.ready();
    }
}

void process_pool::on_log(worker_link& link, boost::json::value const& params)
{
    auto read = wire::read_log(params);
    if (auto const* const fault = std::get_if<std::string>(&read))
        return on_violation(link, errc::protocol_error, "sent " + *fault);
    auto const& line = std::get<wire::log_line>(read);
    auto const level = severity_named(line.severity);
    if (level < options_->log_level)
        return;
    auto const* const head = link.state.head();
    log_from(link, level, line.message, "log",
        head && line.id == head->id ? operation_of(head) : nullptr);
}

void process_pool::on_progress(
    worker_link& link, boost::json::value&& params, progress_reports& reports)
{
    auto read = wire::read_progress(std::move(params));
    if (auto const* const fault = std::get_if<std::string>(&read))
        return on_violation(link, errc::protocol_error, "sent " + *fault);
    auto& what = std::get<wire::progress>(read);
    auto const* const head = link.state.head();
    if (!head || head->id != what.id)
        return;
    if (auto const& to = operation_of(head)->remote()->progress)
        reports.push_back({to, std::move(what.value)});
}

void process_pool::on_goodbye(worker_link& link, outcomes& done)
{
    if (link.state.retiring() && link.state.in_flight() == 0)
        return;
    done.reserve(done.size() + link.state.in_flight());
    link.state.said_goodbye(now_);
    if (!link.state.has_said_goodbye())
        return;
    log_worker(link, severity::debug, "worker said goodbye");
    link.drop_output();
    take_jobs(link, done, [](run_operation&) { return std::exception_ptr(); });
}

void process_pool::on_violation(worker_link& link, errc code, std::string const& what, bool legible)
{
    if (link.state.why_killed() == link_state::verdict::none) {
        log_error_lines(link);
        bool const starting = link.state.state() == link_state::phase::starting;
        link.broken =
            trouble_with(facts_of(link), starting ? errc::worker_start_failed : code, what);
        log_worker(link, severity::error, "a worker broke the protocol", what,
            operation_of(link.state.head()));
    }
    link.state.violated(legible, now_);
}

void process_pool::check_memory(worker_link& link)
{
    if (options_->max_worker_rss && link.state.in_service() && !link.state.is_due() &&
        resident_bytes(link.process.pid()) > *options_->max_worker_rss)
        link.state.due();
}

// The end of a worker ------------------------------------------------------------------------------

void process_pool::on_exited(link_ptr const& link) noexcept
{
    guarded(link, [&](outcomes&) {
        // If it is not valid, `on_launched` comes later.
        if (!link->process.valid() || link->exit)
            return;
        link->has_exited(*link->process.status());
        account(*link);
        // What is left is read on the executor.
        if (!link->is_read())
            asio::post(executor_, [self = shared_from_this(), link] { self->on_readable(link); });
    });
}

/// If it has exited, and all that it has sent was read, takes it out.
void process_pool::finish(worker_link& link, outcomes& done)
{
    if (link.exit && link.output_ended())
        on_ended(link, done);
}

worker_facts process_pool::facts_of(worker_link const& link) const
{
    return {.pid = link.process.valid() ? link.process.pid() : -1,
        .methods = link.methods,
        .stderr_lines = link.errors.last(),
        // While it is read, the rest of the line may still come.
        .unfinished = link.is_read() ? std::string() : link.unfinished()};
}

void process_pool::on_ended(worker_link& link, outcomes& done)
{
    using verdict = link_state::verdict;
    auto const& status = *link.exit;
    auto const grace = in_words(options_->kill_grace);
    done.reserve(done.size() + link.state.in_flight());
    log_error_lines(link);
    link.errors.finish([&](std::string const& line) {
        log_from(link, options_->stderr_severity, line, "stderr", operation_of(link.state.head()));
    });
    auto const facts = facts_of(link);
    auto const how = to_string(status);
    auto const killed_for = link.state.why_killed();
    bool const was_ready = link.state.was_ready();
    link.state.ended(status.how == exit_status::kind::unknown ||
            (status.how == exit_status::kind::signaled && status.value == SIGKILL),
        link.unread_input());
    bool const overdue = link.state.why_killed() == verdict::overdue;

    // Why it did not get to its first job, or why its jobs fail.
    std::exception_ptr why = link.broken;
    if (!why && (!was_ready || link.state.in_flight() != 0) && overdue)
        why = reason([&] {
            return trouble_with(facts, was_ready ? errc::protocol_error : errc::worker_start_failed,
                "closed its " + std::string(link.closed_first ? link.closed_first : "stdin") +
                    ", did not exit within kill_grace (" + grace + "), and was killed");
        });
    if (!why && !was_ready)
        why = reason([&] {
            return trouble_with(facts, errc::worker_start_failed,
                killed_for == verdict::start_timeout ? "was not ready within startup_timeout (" +
                        in_words(options_->startup_timeout) + "), and was killed"
                                                     : how + " before it was ready");
        });
    bool const unproven = !link.state.had_a_job() && !link.state.is_due();
    bool const expected = link.state.retiring() || killed_for == verdict::dropped ||
        killed_for == verdict::violation || (!was_ready && phase_ != phase::ready);
    auto* const head = operation_of(link.state.head());
    if (killed_for == verdict::asked && head)
        log_worker(link, severity::warning, "worker ended",
            how + ", because its job was asked to stop (" + link.state.head()->asked.message() +
                ") and did not within kill_grace (" + grace + ')',
            head);
    else
        log_worker(link, expected ? severity::debug : severity::warning, "worker ended", how, head);

    take_jobs(link, done, [&](run_operation& op) {
        return why ? why : reason([&] { return death_of(facts, status, op.remote()->name()); });
    });
    account(link);
    remove(link);
    bool const retired = link.state.retiring() && !link.state.has_said_goodbye();
    if (unproven && killed_for != verdict::dropped && !retired) {
        if (!why)
            why = reason([&] {
                return trouble_with(facts, errc::worker_start_failed, how + " before it had a job");
            });
        start_trouble(why);
    }
}

/// It was killed and has not exited: the kill was refused, or the system does not let it die. Nothing
/// waits for it any more.
void process_pool::on_lost(worker_link& link, outcomes& done)
{
    done.reserve(done.size() + link.state.in_flight());
    auto const facts = facts_of(link);
    auto why = reason([&] {
        if (!link.process.valid())
            return trouble_with(facts, errc::worker_start_failed,
                "was not started within startup_timeout (" + in_words(options_->startup_timeout) +
                    "), and its start does not end; its program may be on a file server that does "
                    "not answer");
        return trouble_with(facts, errc::worker_lost,
            "was killed and did not end within kill_grace (" + in_words(options_->kill_grace) +
                "); it may belong to another user, or wait in the kernel, and may still run");
    });
    log_worker(link, severity::error, "a worker cannot be killed; it is given up", what_of(why),
        operation_of(link.state.head()));
    bool const was_ready = link.state.was_ready();
    take_jobs(link, done, [&](run_operation&) { return why; });
    account(link);
    remove(link);
    if (!was_ready)
        start_trouble(why);
}

/// Takes the jobs out of flight. `why(op)` is how those fail that may have run.
template <class Why>
void process_pool::take_jobs(worker_link& link, outcomes& done, Why const& why) noexcept
{
    using kind = outcome::kind;
    auto const begun = link.state.head_since();
    while (link.state.in_flight() != 0) {
        link_state::flight flight{};
        auto const loss = link.state.lose(flight);
        auto* const op = operation_of(&flight);
        outcome out{.op = op, .what = kind::given_back};
        switch (loss) {
        case link_state::loss::returned:
            break;
        case link_state::loss::stopped:
            out.what = kind::not_run;
            out.error = flight.asked;
            break;
        case link_state::loss::killed:
            out.what = kind::failed;
            out.begun = begun;
            if (link.state.state() == link_state::phase::lost)
                out.reason = why(*op);
            else if (flight.asked == errc::job_timeout)
                out.reason = reason([&] {
                    return killed_at_timeout(
                        facts_of(link), op->remote()->name(), flight.timeout, options_->kill_grace);
                });
            else
                out.error = flight.asked;
            break;
        case link_state::loss::failed:
            out.what = kind::failed;
            out.begun = begun;
            out.reason = why(*op);
            break;
        }
        done.push_back(std::move(out));  // into reserved memory
    }
}

void process_pool::remove(worker_link& link)
{
    index_.remove(link);
    if (link.exit && link.process.valid())
        link.process.reap();
    link.drop();
    auto const kept = link.shared_from_this();
    std::erase(links_, kept);
    if (phase_ == phase::closing && links_.empty())
        site_.closed();
}

// What becomes of jobs -----------------------------------------------------------------------------

/// Settles without the lock, because that calls the manager and posts handlers. Holds the lock again
/// on return.
void process_pool::settle_unlocked(lock& held, outcomes& done) noexcept
{
    if (done.empty())
        return;
    // The operations are in no worker any more, so `end` waits for them.
    ++settling_;
    held.unlock();
    {
        settling_scope const here(*this);
        settle(done);
    }
    held.lock();
    if (--settling_, dead_)
        settled_.notify_all();
}

void process_pool::settle(outcomes& done) noexcept
{
    auto const now = std::chrono::steady_clock::now();
    // Given back in the reverse order, they are queued in their order.
    bool given_back = false;
    for (auto at = done.rbegin(); at != done.rend(); ++at)
        if (at->what == outcome::kind::given_back) {
            source_->give_back(*at->op);
            given_back = true;
        }
    for (auto& each : done)
        settle(each, now);
    if (given_back)
        guarded([this](outcomes&) { supply(); });
}

void process_pool::settle(outcome& done, time now) noexcept
{
    auto& op = *done.op;
    switch (done.what) {
    case outcome::kind::given_back:
        return;
    case outcome::kind::not_run:
        return source_->fail_job(op, done.error, nullptr);
    case outcome::kind::failed:
        op.error = done.error;
        op.exception = std::move(done.reason);
        break;
    case outcome::kind::result:
        try {
            op.remote()->take_result(std::move(done.value));
        }
        catch (...) {
            op.exception = std::current_exception();
        }
        break;
    }
    source_->finish_job(op, done.begun, now);
}

// The log ------------------------------------------------------------------------------------------

void process_pool::log_error_lines(worker_link& link, std::size_t most)
{
    if (!link.process.valid())
        return;
    auto* const job = operation_of(link.state.head());
    for (std::size_t sum = 0; sum < most;) {
        auto const got = link.read_errors([&](std::string const& line) {
            log_from(link, options_->stderr_severity, line, "stderr", job);
        });
        if (got == 0)
            return;
        sum += got;
    }
}

void process_pool::log_from(worker_link& link, severity level, std::string_view text,
    std::string_view source, run_operation* job) noexcept
{
    try {
        std::vector<log_field> fields{
            {"worker", std::to_string(link.process.pid())}, {"source", std::string(source)}};
        if (job)
            fields.push_back({"job", std::string(job->remote()->name())});
        site_.log(level, printable(text, stderr_lines::longest), std::move(fields));
    }
    catch (std::bad_alloc const&) {
        return;  // the record is lost
    }
}

void process_pool::log_worker(worker_link& link, severity level, std::string_view text,
    std::string_view error, run_operation* job) noexcept
{
    try {
        std::vector<log_field> fields;
        if (link.process.valid())
            fields.push_back({"worker", std::to_string(link.process.pid())});
        if (job)
            fields.push_back({"job", std::string(job->remote()->name())});
        if (!error.empty())
            fields.push_back({"error", std::string(error)});
        site_.log(level, text, std::move(fields));
    }
    catch (std::bad_alloc const&) {
        return;
    }
}

}  // namespace leasepool::detail
