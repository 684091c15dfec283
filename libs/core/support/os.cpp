// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/support/os.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <pthread.h>
#include <system_error>
#include <utility>

#if defined(__linux__)
#include <sched.h>
#include <sys/resource.h>
#endif

// Names, affinity, signals and the end of threads, and the count of forks: the part of the core
// that calls pthreads and Linux directly. The pools of threads, the strand and `process_wide` call
// it.

namespace leasepool::detail {
namespace {

[[noreturn]] void throw_affinity_error(std::error_code error, std::span<int const> cpus)
{
    std::string message = "leasepool: cannot pin a thread to CPUs {";
    for (char const* separator = ""; int const cpu : cpus) {
        message += separator + std::to_string(cpu);
        separator = ",";
    }
    message += "}, use CPUs that exist and that the process is allowed";
    throw std::system_error(error, message);
}

#if defined(__linux__)

// Far above any NR_CPUS with which the kernel can be built. It limits the memory that a wrong
// number can allocate.
constexpr std::size_t most_cpus = std::size_t{1} << 20;

// A cpu_set_t has 1024 bits. A kernel may have more CPUs, so a mask is an array of cpu_set_t.
class cpu_mask {
public:
    explicit cpu_mask(std::size_t cpus) : sets_((cpus + CPU_SETSIZE - 1) / CPU_SETSIZE) {}

    void add(int cpu) noexcept { CPU_SET_S(static_cast<std::size_t>(cpu), bytes(), sets_.data()); }

    int apply() const noexcept { return sched_setaffinity(0, bytes(), sets_.data()); }
    int read() noexcept { return sched_getaffinity(0, bytes(), sets_.data()); }

    std::vector<int> list() const
    {
        std::vector<int> cpus;
        for (std::size_t cpu = 0; cpu < sets_.size() * CPU_SETSIZE; ++cpu)
            if (CPU_ISSET_S(cpu, bytes(), sets_.data()))
                cpus.push_back(static_cast<int>(cpu));
        return cpus;
    }

private:
    std::size_t bytes() const noexcept { return sets_.size() * sizeof(cpu_set_t); }

    std::vector<cpu_set_t> sets_;
};

cpu_mask current_mask()
{
    // EINVAL can mean that the mask is smaller than that of the kernel: sched_getaffinity(2).
    for (std::size_t cpus = CPU_SETSIZE;; cpus *= 2) {
        cpu_mask mask(cpus);
        if (mask.read() == 0)
            return mask;
        if (errno != EINVAL || cpus >= most_cpus)
            throw std::system_error(errno, std::system_category(),
                "leasepool: cannot read the CPU affinity of a thread");
    }
}

#endif

// A pthread key is used, not a thread_local object, for two reasons: its destructor runs after
// those of all thread_local objects, and its registration can fail without ending the program. Keys
// are destroyed in rounds. The call is made in the second round, after the first destructors of
// other keys, even of keys that were created later. It is not made in the last round, in which the
// sanitizers release the thread.
pthread_key_t exit_key();

thread_local bool in_second_round = false;

extern "C" void thread_ends(void* listener)
{
    if (!std::exchange(in_second_round, true) && ::pthread_setspecific(exit_key(), listener) == 0)
        return;
    static_cast<thread_exit_listener*>(listener)->thread_exited();
}

pthread_key_t exit_key()
{
    static pthread_key_t const key = [] {
        pthread_key_t made{};
        if (int const error = ::pthread_key_create(&made, &thread_ends))
            throw std::system_error(
                error, std::system_category(), "leasepool: cannot watch for the end of threads");
        return made;
    }();
    return key;
}

std::atomic<unsigned> forks{0};

extern "C" void count_fork()
{
    forks.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void throw_thread_error(std::error_code error)
{
    std::string text = "leasepool: cannot start a thread";
    if (error == std::errc::resource_unavailable_try_again)
        text += too_many_processes;
    throw std::system_error(error, text);
}

std::string thread_name(
    std::string_view prefix, std::uint64_t pool, std::size_t n, std::size_t limit)
{
    auto const numbers = std::to_string(pool) + '-' + std::to_string(n);
    if (numbers.size() >= limit)
        return numbers.substr(numbers.size() - limit);
    auto const kept = utf8_prefix(prefix, limit - numbers.size() - 1);
    return kept.empty() ? numbers : std::string(kept) + '-' + numbers;
}

void set_current_thread_name([[maybe_unused]] std::string_view name) noexcept
{
#if defined(__linux__) || defined(__APPLE__)
    std::array<char, thread_name_limit + 1> text{};
    auto const kept = utf8_prefix(name, thread_name_limit);
    std::copy(kept.begin(), kept.end(), text.begin());
#if defined(__linux__)
    pthread_setname_np(pthread_self(), text.data());
#else
    pthread_setname_np(text.data());
#endif
#endif
}

std::string current_thread_name()
{
#if defined(__linux__) || defined(__APPLE__)
    std::array<char, thread_name_limit + 1> text{};
    if (pthread_getname_np(pthread_self(), text.data(), text.size()) == 0)
        return text.data();
#endif
    return {};
}

void set_current_thread_affinity(std::span<int const> cpus)
{
#if defined(__linux__)
    auto const invalid = std::make_error_code(std::errc::invalid_argument);
    auto const wrong = [](int cpu) {
        return cpu < 0 || static_cast<std::size_t>(cpu) >= most_cpus;
    };
    if (cpus.empty() || std::any_of(cpus.begin(), cpus.end(), wrong))
        throw_affinity_error(invalid, cpus);

    auto const before = current_mask();
    cpu_mask wanted(static_cast<std::size_t>(*std::max_element(cpus.begin(), cpus.end())) + 1);
    for (int const cpu : cpus)
        wanted.add(cpu);
    auto const wanted_list = wanted.list();
    if (wanted.apply() != 0)
        throw_affinity_error({errno, std::system_category()}, cpus);
    // Linux accepts a mask of which at least one CPU can be used, and ignores the others.
    if (current_mask().list() != wanted_list) {
        before.apply();
        throw_affinity_error(invalid, cpus);
    }
#else
    throw_affinity_error(std::make_error_code(std::errc::not_supported), cpus);
#endif
}

std::vector<int> current_thread_affinity()
{
#if defined(__linux__)
    return current_mask().list();
#else
    throw std::system_error(std::make_error_code(std::errc::not_supported),
        "leasepool: cannot read the CPU affinity of a thread on this system");
#endif
}

// In Linux, against POSIX, these calls are about the thread: setpriority(2), "C library/kernel
// differences". No error is possible when the own value is read.

void add_to_current_thread_nice(int n)
{
    std::string const text =
        "leasepool: cannot add " + std::to_string(n) + " to the nice value of a thread";
#if defined(__linux__)
    if (::setpriority(PRIO_PROCESS, 0, current_thread_nice() + n) != 0)
        throw std::system_error(errno, std::system_category(), text);
#else
    throw std::system_error(std::make_error_code(std::errc::not_supported), text);
#endif
}

int current_thread_nice()
{
#if defined(__linux__)
    return ::getpriority(PRIO_PROCESS, 0);
#else
    throw std::system_error(std::make_error_code(std::errc::not_supported),
        "leasepool: cannot read the nice value of a thread on this system");
#endif
}

all_signals_blocked::all_signals_blocked() noexcept
{
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

all_signals_blocked::~all_signals_blocked()
{
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void call_at_thread_exit(thread_exit_listener& listener)
{
    if (int const error = ::pthread_setspecific(exit_key(), &listener))
        throw std::system_error(
            error, std::system_category(), "leasepool: cannot watch for the end of a thread");
}

unsigned fork_generation()
{
    static bool const registered = [] {
        if (int const error = ::pthread_atfork(nullptr, nullptr, &count_fork))
            throw std::system_error(
                error, std::system_category(), "leasepool: cannot register a fork handler");
        return true;
    }();
    static_cast<void>(registered);
    return forks.load(std::memory_order_relaxed);
}

}  // namespace leasepool::detail
