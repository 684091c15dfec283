// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_JOBS_HERE_HPP
#define LEASEPOOL_TEST_JOBS_HERE_HPP

#include <leasepool/job.hpp>
#include <leasepool/job_context.hpp>
#include <leasepool/manager.hpp>
#include <leasepool/process_backend.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/operators.hpp>

#include <csignal>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// The jobs of the tests, which this program runs on its own threads and as its own worker.
namespace leasepool::test::jobs {

struct point {
    double x = 0;
    double y = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))
using boost::describe::operators::operator==;
using boost::describe::operators::operator<<;

struct tally {
    int runs = 0;
};

inline int add(int a, int b)
{
    return a + b;
}

inline std::vector<point> mirror(std::vector<point> const& path, std::optional<double> by)
{
    auto out = path;
    for (auto& p : out)
        p.x = by.value_or(0) - p.x;
    return out;
}

inline std::map<std::string, int> count_words(std::vector<std::string> const& words)
{
    std::map<std::string, int> out;
    for (auto const& word : words)
        ++out[word];
    return out;
}

inline void nothing() {}

[[noreturn]] inline void die()
{
    std::raise(SIGKILL);
    std::abort();
}

inline double half(double of)
{
    return of / 2;
}

inline int fail(std::string const& why)
{
    throw std::out_of_range(why);
}

/// Tells of each step, and of the last that it has told of it.
inline int climb(job_context& context, int steps)
{
    for (int i = 1; i <= steps; ++i)
        context.progress(i);
    return steps;
}

/// Says that it has begun, and goes on until it is asked to stop.
inline void wait_for_stop(job_context& context)
{
    context.progress("begun");
    while (!context.stop_requested())
        std::this_thread::yield();
    context.throw_if_stopped();
}

/// The same, but it does not say why it ends.
inline std::string stop_quietly(job_context& context)
{
    context.progress("begun");
    while (!context.stop_requested())
        std::this_thread::yield();
    return "stopped";
}

inline int count_runs(job_context& context)
{
    return ++context.state<tally>().runs;
}

inline void speak(job_context& context, std::string const& text)
{
    context.log(severity::warning, text);
}

/// Logs this many numbered lines.
inline void chat(job_context& context, int lines)
{
    for (int i = 1; i <= lines; ++i)
        context.log(severity::info, "line " + std::to_string(i) + std::string(1000, '.'));
}

inline double infinite()
{
    return std::numeric_limits<double>::infinity();
}

inline std::string repeat(std::size_t count)
{
    return std::string(count, 'x');
}

/// Starts a manager whose workers are this program, and returns the text of its error.
inline std::string start_own_workers()
{
    boost::asio::io_context io;
    manager<process_backend> pools(io, process_backend());
    std::string text;
    pools.async_start([&](error_code ec) {
        text = ec.message();
        pools.async_stop({}, [](error_code) {});
    });
    io.run();
    return text;
}

inline constexpr job add_job{"add", &add};
inline constexpr job mirror_job{"mirror", &mirror};
inline constexpr job count_words_job{"count_words", &count_words};
inline constexpr job nothing_job{"nothing", &nothing};
/// For worker processes only.
inline constexpr job die_job{"die", &die};
inline constexpr job start_own_workers_job{"start_own_workers", &start_own_workers};
inline constexpr job infinite_job{"infinite", &infinite};
inline constexpr job repeat_job{"repeat", &repeat};
inline constexpr job half_job{"half", &half};
inline constexpr job fail_job{"fail", &fail};
inline constexpr job climb_job{"climb", &climb};
inline constexpr job wait_for_stop_job{"wait_for_stop", &wait_for_stop};
inline constexpr job stop_quietly_job{"stop_quietly", &stop_quietly};
inline constexpr job count_runs_job{"count_runs", &count_runs};
inline constexpr job speak_job{"speak", &speak};
inline constexpr job chat_job{"chat", &chat};
/// Nobody has it.
inline constexpr job<int(int)> elsewhere_job{"elsewhere"};

}  // namespace leasepool::test::jobs

#endif
