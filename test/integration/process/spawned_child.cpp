// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The program that the tests of libs/process start. Its first argument says what it is to do. It
// knows nothing of the library, and is not built with sanitizers, whose run-time would show.

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace {

void print(std::string const& text)
{
    for (std::size_t done = 0; done < text.size();) {
        auto const n = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
        if (n <= 0)
            std::_Exit(99);
        done += static_cast<std::size_t>(n);
    }
}

[[noreturn]] void stay()
{
    for (;;)
        ::pause();
}

void list_descriptors()
{
    std::vector<int> found;
    DIR* const list = ::opendir("/proc/self/fd");
    while (auto const* entry = ::readdir(list))
        if (int const fd = std::atoi(entry->d_name); entry->d_name[0] != '.' && fd != ::dirfd(list))
            found.push_back(fd);
    std::sort(found.begin(), found.end());
    for (int const fd : found)
        print(std::to_string(fd) + ' ');
}

void list_scheduling()
{
    cpu_set_t cpus;
    ::sched_getaffinity(0, sizeof cpus, &cpus);
    for (std::size_t cpu = 0; cpu != CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &cpus))
            print(std::to_string(cpu) + ' ');
    print("policy " + std::to_string(::sched_getscheduler(0)) + " nice " +
        std::to_string(::getpriority(PRIO_PROCESS, 0)));
}

void list_signals()
{
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (int signal = 1; signal < NSIG; ++signal) {
        struct sigaction action = {};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_DFL)
            print("not default: " + std::to_string(signal) + '\n');
        if (::sigismember(&blocked, signal) == 1)
            print("blocked: " + std::to_string(signal) + '\n');
    }
    print("end");
}

void list_limits()
{
    auto const one = [](char const* name, auto resource) {
        rlimit limit = {};
        ::getrlimit(resource, &limit);
        print(std::string(name) + ' ' + std::to_string(limit.rlim_cur) + ' ' +
            std::to_string(limit.rlim_max) + '\n');
    };
    one("cpu", RLIMIT_CPU);
    one("as", RLIMIT_AS);
    one("nofile", RLIMIT_NOFILE);
    one("fsize", RLIMIT_FSIZE);
    one("core", RLIMIT_CORE);
    one("stack", RLIMIT_STACK);
}

void echo()
{
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;)
        print({buffer, static_cast<std::size_t>(n)});
}

// Leaves a process behind that holds the standard streams open.
void leave_behind(bool in_the_group)
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
        stay();
    }
    ::close(ready[1]);
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 0)
        std::_Exit(98);
    print(std::to_string(pid) + '\n');
}

}  // namespace

int main(int argc, char** argv)
{
    std::vector<std::string> const words(argv + 1, argv + argc);
    std::string_view const mode = argc > 1 ? argv[1] : "";
    if (mode == "arguments")
        for (auto const& word : words)
            print('[' + word + ']');
    else if (mode == "close-input") {
        ::close(STDIN_FILENO);
        print("ready\n");
        stay();
    }
    else if (mode == "complain") {
        print("out");
        if (::write(STDERR_FILENO, "err", 3) != 3)
            return 1;
    }
    else if (mode == "descriptors")
        list_descriptors();
    else if (mode == "directory") {
        char path[4096];
        print(::getcwd(path, sizeof path));
    }
    else if (mode == "echo")
        echo();
    else if (mode == "environment")
        for (std::size_t i = 1; i < words.size(); ++i) {
            char const* const value = std::getenv(words[i].c_str());
            print(words[i] + (value ? '=' + std::string(value) : " is not set") + '\n');
        }
    else if (mode == "exit")
        return std::stoi(words.at(1));
    else if (mode == "group")
        print(std::to_string(::getpid()) + ' ' + std::to_string(::getpgrp()) + ' ' +
            std::to_string(::getsid(0)));
    else if (mode == "leave-behind" || mode == "leave-outside") {
        leave_behind(mode == "leave-behind");
        return 7;
    }
    else if (mode == "terminal") {
        int const terminal = ::open("/dev/tty", O_RDWR);
        print(std::string("/dev/tty: ") + (terminal < 0 ? std::strerror(errno) : "is open"));
    }
    else if (mode == "scheduling")
        list_scheduling();
    else if (mode == "limits")
        list_limits();
    else if (mode == "nice")
        print(std::to_string(::getpriority(PRIO_PROCESS, 0)));
    else if (mode == "raise") {
        rlimit const no_core = {0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::raise(std::stoi(words.at(1)));
    }
    else if (mode == "signals")
        list_signals();
    else if (mode == "stay") {
        print("ready\n");
        stay();
    }
    else if (mode == "write-file") {
        int const file = ::open(words.at(1).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        char const block[4096] = {};
        for (int i = 0; i != 16; ++i)
            if (::write(file, block, sizeof block) < 0)
                return 1;
    }
    else
        return 97;
    return 0;
}
