// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Compiled without -finstrument-functions. It uses no template and no inline function: of these the
// linker may take the instrumented copy of another source, which would call the recorder again.

#include "recorder.hpp"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

struct entry {
    void* function;
    pid_t thread;
};

constexpr size_t max_entries = 1 << 20;

entry entries[max_entries];
size_t entered = 0;
bool recording = false;

// The state's letter follows the name, which is in parentheses and may hold any character.
bool sleeps(char const* thread) noexcept
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread);
    FILE* const file = fopen(path, "r");
    if (!file)
        return true;  // it has ended
    char line[256];
    size_t const length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    char const* const name_end = strrchr(line, ')');
    return !name_end || strchr("RD", name_end[2]) == nullptr;
}

bool others_sleep() noexcept
{
    DIR* const threads = opendir("/proc/self/task");
    if (!threads)
        abort();
    pid_t const self = gettid();
    bool all = true;
    while (dirent const* const thread = readdir(threads))
        if (thread->d_name[0] != '.' && atoi(thread->d_name) != self)
            all = all && sleeps(thread->d_name);
    closedir(threads);
    return all;
}

}  // namespace

namespace recorder {

bool take_turns() noexcept
{
    // On one CPU, and SCHED_BATCH: there a thread that wakes up preempts none.
    cpu_set_t all;
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return false;
    unsigned cpu = 0;
    while (!CPU_ISSET(cpu, &all))
        ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_param const none{};
    return sched_setaffinity(0, sizeof one, &one) == 0 &&
        sched_setscheduler(0, SCHED_BATCH, &none) == 0;
}

void begin() noexcept
{
    __atomic_store_n(&recording, true, __ATOMIC_SEQ_CST);
}

void end() noexcept
{
    __atomic_store_n(&recording, false, __ATOMIC_SEQ_CST);
}

void wait_until_others_sleep() noexcept
{
    while (!others_sleep())
        sched_yield();
}

bool write() noexcept
{
    if (entered > max_entries)
        return false;
    for (size_t i = 0; i != entered; ++i)
        printf("%d %p\n", static_cast<int>(entries[i].thread), entries[i].function);
    return fflush(stdout) == 0;
}

}  // namespace recorder

extern "C" void __cyg_profile_func_enter(void* function, void*)
{
    static __thread pid_t thread = 0;
    if (!__atomic_load_n(&recording, __ATOMIC_SEQ_CST))
        return;
    if (thread == 0)
        thread = gettid();
    size_t const at = __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
    if (at < max_entries)
        entries[at] = {function, thread};
}

extern "C" void __cyg_profile_func_exit(void*, void*) {}
