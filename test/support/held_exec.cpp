// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "held_exec.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#endif

// Executions that hang on request. Tests and benchmarks of the starts of workers use it.

namespace leasepool::test {

struct held_exec::state {
    struct held {
        std::uint64_t id;  // of the notification
        pid_t pid;
    };

    std::string word;
    std::size_t most;
    std::function<void(pid_t)> on_held;
    std::vector<held> all{};
};

#if defined(SECCOMP_USER_NOTIF_FLAG_CONTINUE)

namespace {

// Never destroyed, because the supervisor does not end.
struct supervisor_data {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::shared_ptr<held_exec::state>> holders;
    int listener = -1;
    std::string probe_failure;
};

supervisor_data& supervised()
{
    static auto* const data = new supervisor_data;
    return *data;
}

constexpr char const* probe_word = "leasepool-held-exec-probe";

/// Reads the memory of another process. Returns the number of bytes, at most up to the end of a page;
/// 0: it cannot be read.
std::size_t read_memory(pid_t pid, std::uint64_t address, void* to, std::size_t size)
{
    constexpr std::uint64_t page = 4096;
    size = std::min<std::size_t>(size, page - address % page);
    iovec const here{to, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
    iovec const there{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), size};
    auto const got = ::process_vm_readv(pid, &here, 1, &there, 1, 0);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::optional<std::string> read_string(pid_t pid, std::uint64_t address)
{
    std::string text;
    std::array<char, 256> piece{};
    while (text.size() < 4096) {
        auto const got = read_memory(pid, address + text.size(), piece.data(), piece.size());
        if (got == 0)
            return std::nullopt;
        auto const end =
            std::find(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got), '\0');
        text.append(piece.begin(), end);
        if (end != piece.begin() + static_cast<std::ptrdiff_t>(got))
            break;
    }
    return text;
}

/// Returns the words with which a process executes a program, at most 64; nothing if they cannot be
/// read.
std::optional<std::vector<std::string>> words_of(seccomp_notif const& call)
{
    auto const pid = static_cast<pid_t>(call.pid);
    auto const argv = call.data.args[call.data.nr == SYS_execve ? 1 : 2];
    std::vector<std::string> words;
    while (argv != 0 && words.size() < 64) {
        std::uintptr_t address = 0;
        if (read_memory(pid, argv + words.size() * sizeof address, &address, sizeof address) !=
            sizeof address)
            return std::nullopt;
        if (address == 0)
            break;
        auto word = read_string(pid, address);
        if (!word)
            return std::nullopt;
        words.push_back(std::move(*word));
    }
    return words;
}

/// Lets an execution go on. It may have been killed meanwhile, which is no error.
int let_go(std::uint64_t id) noexcept
{
    seccomp_notif_resp answer = {};
    answer.id = id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (::ioctl(supervised().listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0 || errno == ENOENT)
        return 0;
    return errno;
}

/// Under the lock. Returns whether the execution is held.
bool hold(seccomp_notif const& call, std::vector<std::string> const& words)
{
    for (auto const& holder : supervised().holders) {
        if (holder->all.size() >= holder->most ||
            std::find(words.begin(), words.end(), holder->word) == words.end())
            continue;
        auto const pid = static_cast<pid_t>(call.pid);
        holder->all.push_back({call.id, pid});
        if (holder->on_held)
            holder->on_held(pid);
        supervised().changed.notify_all();
        return true;
    }
    return false;
}

void decide(seccomp_notif const& call)
{
    auto const words = words_of(call);
    std::lock_guard const lock(supervised().mutex);
    // The process may be gone, and its number be that of another one.
    auto id = call.id;
    if (::ioctl(supervised().listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0)
        return;
    if (words && hold(call, *words))
        return;
    auto const error = let_go(call.id);
    if (error == 0 && words)
        return;
    supervised().probe_failure = error != 0
        ? std::string("executions cannot be continued: ") + std::strerror(error)  // NOLINT
        : "the words of an execution cannot be read";
    if (error != 0) {
        seccomp_notif_resp refusal = {};
        refusal.id = call.id;
        refusal.error = -EPERM;
        ::ioctl(supervised().listener, SECCOMP_IOCTL_NOTIF_SEND, &refusal);
    }
}

[[noreturn]] void supervise()
{
    for (;;) {
        seccomp_notif call = {};
        if (::ioctl(supervised().listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
            decide(call);
    }
}

/// Starts the thread. It waits for the descriptor of the filter, and the filter does not apply to it.
std::promise<int> start_supervisor()
{
    std::promise<int> listener;
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([got = listener.get_future()]() mutable {
        if (int const fd = got.get(); fd >= 0)
            supervise();
    }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return listener;
}

/// Passes executions to the descriptor that it returns; -1: it cannot. All other system calls are
/// allowed. A number of another architecture may be confused with them, which does no harm: the
/// supervisor lets it go on.
int set_filter()
{
    std::array<sock_filter, 5> filter{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog const program{filter.size(), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return static_cast<int>(::syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/// Executes a program that does not exist. Returns whether the supervisor let it go on.
bool probe()
{
    pid_t const pid = ::fork();
    if (pid == 0) {
        std::array<char const*, 2> const argv{probe_word, nullptr};
        ::execve("", const_cast<char* const*>(argv.data()), nullptr);
        ::_exit(errno == ENOENT ? 0 : 1);
    }
    int status = -1;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

std::string held_exec::install()
{
    auto listener = start_supervisor();
    int const fd = set_filter();
    int const error = errno;
    supervised().listener = fd;
    listener.set_value(fd);
    if (fd < 0)
        return std::string("a seccomp filter with notifications is not permitted: ") +
            std::strerror(error);  // NOLINT(concurrency-mt-unsafe)
    bool const goes_on = probe();
    std::lock_guard const lock(supervised().mutex);
    if (!supervised().probe_failure.empty())
        return supervised().probe_failure;
    return goes_on ? "" : "an execution that passes the filter does not go on";
}

held_exec::held_exec(std::string word, std::size_t most, std::function<void(pid_t)> on_held)
    : state_(std::make_shared<state>(state{std::move(word), most, std::move(on_held)}))
{
    std::lock_guard const lock(supervised().mutex);
    supervised().holders.push_back(state_);
}

held_exec::~held_exec()
{
    release();
}

void held_exec::release() noexcept
{
    std::lock_guard const lock(supervised().mutex);
    if (std::erase(supervised().holders, state_) != 0)
        for (auto const& each : state_->all)
            let_go(each.id);
}

std::size_t held_exec::count() const
{
    std::lock_guard const lock(supervised().mutex);
    return state_->all.size();
}

pid_t held_exec::await(std::size_t n) const
{
    std::unique_lock lock(supervised().mutex);
    if (!supervised().changed.wait_for(
            lock, std::chrono::minutes(2), [&] { return state_->all.size() >= n; }))
        throw std::runtime_error("no execution with the word \"" + state_->word + '"');
    return state_->all[n - 1].pid;
}

#else

std::string held_exec::install()
{
    return "this system has no seccomp filter with notifications";
}

held_exec::held_exec(std::string, std::size_t, std::function<void(pid_t)>) {}
held_exec::~held_exec() = default;
void held_exec::release() noexcept {}

std::size_t held_exec::count() const
{
    return 0;
}

pid_t held_exec::await(std::size_t) const
{
    throw std::runtime_error("executions cannot be held on this system");
}

#endif

}  // namespace leasepool::test
