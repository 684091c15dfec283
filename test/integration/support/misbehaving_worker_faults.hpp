// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_MISBEHAVING_WORKER_FAULTS_HPP
#define LEASEPOOL_TEST_MISBEHAVING_WORKER_FAULTS_HPP

#include "misbehaving_worker_wire.hpp"

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unistd.h>

// What a worker can do wrong.

namespace misbehaving_worker {

inline std::mutex mutex;  // over what is written, and over what reader and jobs share

inline void put(std::string const& text)
{
    write_all(STDOUT_FILENO, text);
}

inline void say(std::string const& text)
{
    std::lock_guard const lock(mutex);
    put(text);
}

[[noreturn]] inline void stay()
{
    for (;;)
        ::pause();
}

[[noreturn]] inline void await_end_of_input()
{
    char ignored[256];
    while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {}
    std::_Exit(0);
}

inline std::string in_quotes(std::string const& text)
{
    return '"' + text + '"';
}

inline std::string repeated(std::string const& text, std::size_t times)
{
    std::string out;
    for (std::size_t i = 0; i != times; ++i)
        out += text;
    return out;
}

// Leaves a process behind that holds the pipes; says which, on stderr.
inline void leave_behind(bool in_the_group, bool noisy)
{
    int ready[2];
    if (::pipe(ready) != 0)
        std::_Exit(98);
    pid_t const pid = ::fork();
    if (pid == 0) {
        if (!in_the_group)
            ::setsid();
        ::signal(SIGTERM, SIG_IGN);
        ::close(ready[0]);
        ::close(ready[1]);
        // As one whose reader has gone would, but it ends with its test.
        ::alarm(60);
        auto const noise = repeated(
            notification("leasepool/progress", R"({"id":0,"value":"from the grave"})"), 500);
        while (noisy)
            put(noise);
        stay();
    }
    ::close(ready[1]);
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 0)
        std::_Exit(98);
    ::close(ready[0]);
    write_all(STDERR_FILENO, "grandchild " + std::to_string(pid) + '\n');
}

inline void leak_until_the_end()
{
    for (std::size_t i = 0;; ++i) {
        auto* const memory = static_cast<char*>(std::malloc(1U << 20));
        if (!memory)
            std::abort();
        for (std::size_t at = 0; at < 1U << 20; at += 4096)
            memory[at] = static_cast<char>(i);
    }
}

// Every wrong, by its name. Some end the process, some go on.
inline std::map<std::string, std::function<void(message const&)>, std::less<>> const faults{
    {"exit", [](message const& m) { std::_Exit(static_cast<int>(m.number(1, 3))); }},
    {"abort", [](auto&) { std::abort(); }},
    {"segfault",
        [](auto&) {
            // By its own hand, so that no compiler sees anything undefined.
            ::signal(SIGSEGV, SIG_DFL);
            ::raise(SIGSEGV);
        }},
    {"kill", [](auto&) { ::raise(SIGKILL); }},
    {"terminate", [](auto&) { ::raise(SIGTERM); }},
    {"spin",
        [](auto&) {
            for (std::atomic<int> turns = 0;; ++turns) {}
        }},
    {"deaf",
        [](auto&) {
            ::signal(SIGTERM, SIG_IGN);
            ::signal(SIGINT, SIG_IGN);
            ::signal(SIGHUP, SIG_IGN);
            stay();
        }},
    {"hang", [](auto&) { stay(); }},
    {"half_line",
        [](auto&) {
            put(R"({"jsonrpc":"2.0","id":)");
            stay();
        }},
    {"garbage", [](auto&) { put("}garbage{\n"); }},
    {"print", [](auto&) { put("debugging is fun\n"); }},
    {"empty_line", [](auto&) { put("\n"); }},
    {"deep", [](message const& m) { put(result(m.id, repeated("[", 200) + repeated("]", 200))); }},
    {"too_long", [](auto&) { put(repeated("0123456789abcdef", 8192)); }},
    {"endless_line",
        [](auto&) {
            for (;;)
                put("0123456789abcdef");
        }},
    {"wrong_id", [](auto&) { put(result("18446744073709551615", "null")); }},
    {"twice", [](message const& m) { put(result(m.id, "1") + result(m.id, "2")); }},
    {"request",
        [](auto&) {
            put(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]})"
                "\n");
        }},
    {"ready_again",
        [](auto&) {
            put(notification("leasepool/ready", R"({"version":1,"pid":1,"methods":[]})"));
        }},
    {"bad_log", [](auto&) { put(notification("leasepool/log", R"({"severity":3})")); }},
    {"bad_progress", [](auto&) { put(notification("leasepool/progress", R"({"id":"x"})")); }},
    {"not_begun", [](message const& m) { put(error(m.id, -32004, "not begun")); }},
    {"could_not_read", [](auto&) { put(error("null", -32700, "not JSON")); }},
    {"close_stdin", [](auto&) { ::close(STDIN_FILENO); }},
    {"close_stdin_and_hang",
        [](auto&) {
            ::close(STDIN_FILENO);
            stay();
        }},
    {"goodbye",
        [](auto&) {
            put(notification("leasepool/goodbye", "{}"));
            await_end_of_input();
        }},
    {"goodbye_and_answer",
        [](message const& m) {
            put(notification("leasepool/goodbye", "{}"));
            put(result(m.id, "1"));
            stay();
        }},
    {"close_stdout",
        [](auto&) {
            ::close(STDOUT_FILENO);
            stay();
        }},
    {"grandchild",
        [](message const& m) {
            leave_behind(true, false);
            std::_Exit(static_cast<int>(m.number(1, 5)));
        }},
    {"escaped_grandchild",
        [](message const& m) {
            leave_behind(false, false);
            std::_Exit(static_cast<int>(m.number(1, 5)));
        }},
    {"noisy_grandchild",
        [](message const& m) {
            leave_behind(false, true);
            std::_Exit(static_cast<int>(m.number(1, 5)));
        }},
    {"leak", [](auto&) { leak_until_the_end(); }},
    // Not wrong, but loud.
    {"flood_stderr",
        [](message const& m) {
            auto const lines = m.number(1, 20'000);
            for (long long i = 0; i != lines; ++i)
                write_all(STDERR_FILENO, "line " + std::to_string(i) + " of a flood on stderr\n");
        }},
    {"flood_progress",
        [](message const& m) {
            // Many at a time, so that they come faster than they can be read.
            auto const block = repeated(
                notification("leasepool/progress", R"({"id":)" + m.id + R"(,"value":[1,2,3]})"),
                500);
            for (;;)
                put(block);
        }},
    {"unknown_notification", [](auto&) { put(notification("leasepool/weather", "{}")); }},
    {"stale_progress",
        [](auto&) { put(notification("leasepool/progress", R"({"id":0,"value":1})")); }},
};

}  // namespace misbehaving_worker

#endif
