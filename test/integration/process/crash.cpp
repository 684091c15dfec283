// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

// Every wrong that a worker can do, at every time at which it can do it, to one job, to many at a time,
// and to those that are queued behind.

namespace leasepool::test {
namespace {

/// A wrong, and what is to become of the job in which it is done. No code: a result. An empty text:
/// of no matter.
struct fault {
    std::string name;
    error_code running{};
    std::string running_text{};
    error_code writing{};
    std::string writing_text{};
    bool ends_worker = true;
};

error_code const died = errc::worker_died;
error_code const broke = errc::protocol_error;
error_code const late = errc::job_timeout;
error_code const large = errc::message_too_large;
error_code const undetermined = errc::would_deadlock;

// What is not said while half of an answer is in front of it: that makes a line that is not JSON.
std::vector<fault> const faults{
    {"exit", died, "exited with status 3", died, "exited with status 3"},
    {"abort", died, "killed by SIGABRT", died, "killed by SIGABRT"},
    {"segfault", died, "killed by SIGSEGV", died, "killed by SIGSEGV"},
    {"kill", died, "killed by SIGKILL", died, "killed by SIGKILL"},
    {"terminate", died, "killed by SIGTERM", died, "killed by SIGTERM"},
    {"spin", late, "", late, ""},
    {"deaf", late, "", late, ""},
    {"hang", late, "", late, ""},
    {"half_line", late, "bytes without a line end came", late, "bytes without a line end came"},
    {"garbage", broke, "}garbage{", broke, "}garbage{"},
    {"print", broke, "debugging is fun", broke, "debugging is fun"},
    {"empty_line", broke, "not a JSON object", broke, "not a JSON object"},
    {"deep", broke, "nested deeper than 64", broke, "not a JSON object"},
    {"too_long", large, "max_message_bytes (65536)", large, "max_message_bytes (65536)"},
    {"endless_line", large, "0123456789abcdef", large, "max_message_bytes"},
    {"wrong_id", broke, "18446744073709551615", broke, "not a JSON object"},
    {"twice", {}, "", broke, "not a JSON object"},
    {"request", broke, "sent a request (\"add\")", broke, "not a JSON object"},
    {"ready_again", broke, "said twice that it is ready", broke, "not a JSON object"},
    {"bad_log", broke, "leasepool/log", broke, "not a JSON object"},
    {"bad_progress", broke, "leasepool/progress", broke, "not a JSON object"},
    {"not_begun", broke, "as not begun, which it was not told", broke, "not a JSON object"},
    {"could_not_read", broke, "could not read what it was sent", broke, "not a JSON object"},
    {"close_stdin", {}, "", {}, ""},
    {"close_stdout", broke, "closed its stdout, did not exit", broke, "closed its stdout"},
    {"grandchild", died, "exited with status 5", died, "exited with status 5"},
    {"escaped_grandchild", died, "exited with status 5", died, "exited with status 5"},
    // Half of an answer may be followed by noise, or not.
    {"noisy_grandchild", died, "exited with status 5", undetermined},
    {"flood_stderr", {}, "", {}, "", false},
    {"unknown_notification", {}, "", broke, "not a JSON object", false},
    {"stale_progress", {}, "", broke, "not a JSON object", false},
};

bool hangs(fault const& what)
{
    return what.running == late;
}

/// Until it is dead it goes on with what was sent ahead: what may have begun is not run again, but
/// fails, too.
bool goes_on_after(error_code const& code)
{
    return code == broke || code == large;
}

/// Whether the outcome is known if jobs are sent ahead to such workers.
bool foreseeable(fault const& what, std::string_view kind)
{
    // What it does behind its answer it does during the next job.
    if (!kind.empty() && (what.name == "twice" || what.name == "close_stdin"))
        return false;
    // The thread that reads ahead may go on with the line.
    return kind != "--pipelining" || (what.name != "half_line" && what.name != "endless_line");
}

std::vector<std::string> words_of(std::string_view kind)
{
    if (kind.empty())
        return {};
    return {std::string(kind)};
}

process_backend_options fragile(std::vector<std::string> const& words = {}, std::size_t workers = 1)
{
    auto options = misbehaving_workers(words, workers);
    options.max_message_bytes = 65536;
    return options;
}

job_options short_timeout(fault const& what)
{
    return hangs(what) ? job_options().timeout(40ms) : job_options();
}

/// Grandchildren that have left the group are nobody's to kill; they are looked for by what they
/// said on stderr.
void end_escaped(journal& log)
{
    for (auto const& entry : log.entries("grandchild "))
        ::kill(static_cast<pid_t>(std::stol(entry.message.substr(11))), SIGKILL);
}

void check(job_result const& seen, error_code const& code, std::string const& text)
{
    BOOST_TEST(seen.code == code);
    BOOST_TEST(contains(seen.text, text), "\"" << seen.text << "\" says: " << text);
    if (!code)
        BOOST_TEST(json::serialize(seen.value) != "null");
    if (code == died)
        BOOST_CHECK_THROW(std::rethrow_exception(seen.reason), worker_died);
}

asio::awaitable<void> check_end(pool_fixture& workers, fault const& what, error_code const& code)
{
    if (what.ends_worker || code)
        co_await workers.full_again();
    co_await workers.check_service();
    BOOST_TEST(workers.pools.total() == 1U);
    end_escaped(workers.log);
}

void one_job(fault const& what, char const* when, error_code const& code, std::string const& text)
{
    BOOST_TEST_CONTEXT(what.name << ' ' << when)
    with_pool(fragile(), [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call(what.name, args(when), short_timeout(what));
        check(seen, code, text);
        co_await check_end(workers, what, code);
    });
}

/// Four wrongs among sixteen jobs for three workers.
void among_many(fault const& what, std::string const& kind, char const* when,
    error_code const& code, std::string const& text)
{
    BOOST_TEST_CONTEXT(what.name << ' ' << when << ' ' << kind)
    with_pool(fragile(words_of(kind), 3), [&](pool_fixture& workers) -> asio::awaitable<void> {
        std::vector<attempt> wrong;
        std::vector<attempt> right;
        for (int i = 0; i != 4; ++i) {
            wrong.push_back(workers.begin(what.name, args(when), short_timeout(what)));
            for (int j = 0; j != 3; ++j)
                right.push_back(workers.begin("add", args(i, j)));
        }
        // A worker that goes on after its first wrong may have more of them, and answer.
        bool const some = !kind.empty() && goes_on_after(code);
        int wrongs = 0;
        for (auto& job : wrong) {
            auto const seen = co_await job.get();
            if (some && !seen.code)
                continue;
            check(seen, code, text);
            ++wrongs;
        }
        BOOST_TEST(wrongs > 0);
        for (int n = 0; n != 12; ++n) {
            auto const seen = co_await right[static_cast<std::size_t>(n)].get();
            if (!some || seen.code != code) {
                BOOST_TEST(seen.text == "");
                BOOST_TEST(seen.value == json::value(n / 3 + n % 3));
            }
        }
        // Of jobs that were sent ahead, a worker may fail more than one.
        if (what.ends_worker || code)
            co_await workers.full_again(kind.empty() ? 4 : 1);
        for (int i = 0; i != 3; ++i)
            co_await workers.check_service();
        end_escaped(workers.log);
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_crash)

BOOST_AUTO_TEST_CASE(wrong_while_it_runs_fails_that_job)
{
    for (auto const& what : faults)
        one_job(what, "running", what.running, what.running_text);
}

BOOST_AUTO_TEST_CASE(wrong_in_the_middle_of_an_answer_fails_that_job)
{
    for (auto const& what : faults)
        if (what.writing != undetermined)
            one_job(what, "writing", what.writing, what.writing_text);
}

BOOST_AUTO_TEST_CASE(wrong_of_an_idle_worker_fails_no_job)
{
    for (auto const& what : faults)
        BOOST_TEST_CONTEXT(what.name)
    with_pool(fragile(), [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call(what.name, args("idle"));
        check(seen, {}, "");
        if (hangs(what)) {
            // Nobody notices before it has another job.
            auto const next = co_await workers.call("add", args(1, 2), job_options().timeout(40ms));
            check(next, late, "");
        }
        co_await check_end(workers, what, {});
    });
}

BOOST_AUTO_TEST_CASE(wrong_among_many_jobs_fails_only_its_own)
{
    for (auto const& what : faults)
        for (std::string const kind : {"", "--pipelining"}) {
            if (!foreseeable(what, kind))
                continue;
            among_many(what, kind, "running", what.running, what.running_text);
            if (what.writing != undetermined)
                among_many(what, kind, "writing", what.writing, what.writing_text);
        }
}

BOOST_AUTO_TEST_CASE(jobs_queued_behind_a_wrong_go_to_another_worker)
{
    for (auto const& what : faults)
        for (auto const* const worker : {"", "--pipelining", "--lying"})
            BOOST_TEST_CONTEXT(what.name << ' ' << worker)
            {
                std::string const kind = worker;
                if (!foreseeable(what, kind))
                    continue;
                auto const body = [&](pool_fixture& workers) -> asio::awaitable<void> {
                    // Until the pool knows that they are short, and sends them ahead.
                    std::vector<attempt> before;
                    for (int i = 0; i != 50; ++i)
                        before.push_back(workers.begin("add", args(i, i)));
                    for (auto& job : before)
                        co_await job.get();

                    auto wrong = workers.begin(what.name, args("running"), short_timeout(what));
                    std::vector<attempt> behind;
                    for (int i = 0; i != 20; ++i)
                        behind.push_back(workers.begin("add", args(i, 1)));
                    check(co_await wrong.get(), what.running, what.running_text);
                    int spoilt = 0;
                    for (int i = 0; i != 20; ++i) {
                        auto const seen = co_await behind[static_cast<std::size_t>(i)].get();
                        if (seen.code && goes_on_after(what.running) && !kind.empty() &&
                            seen.code == what.running)
                            ++spoilt;
                        else
                            BOOST_TEST(seen.value == json::value(i + 1), seen.text);
                    }
                    // Where nothing more can be read nobody knows how far it got.
                    bool const illegible = what.running == large || what.name == "close_stdout";
                    BOOST_TEST((spoilt <= 2 || illegible), spoilt << " were spoilt");
                    co_await check_end(workers, what, what.running);
                };
                with_pool(fragile(words_of(kind)), body);
            }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
