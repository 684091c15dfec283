// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Compresses text files in groups of lines, as a log server does that stores what its clients send:
// hundreds of coroutines each have a few lines compressed off the I/O thread, and wait for the result.
// It does so twice, with a lease for each group and through a work grinder, and says how fast.

#include "line_groups.hpp"
#include "zlib_text.hpp"

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using thread_manager = leasepool::manager<leasepool::thread_backend>;

constexpr std::string_view usage =
    "usage: compress_log [--lines N] [--clients N] FILE...\n"
    "  --lines N    lines of a group (default 4)\n"
    "  --clients N  coroutines that have groups compressed (default 300)\n";

struct settings {
    std::size_t lines = 4;
    std::size_t clients = 300;
    std::vector<std::string> files;
};

settings parse(int argc, char** argv)
{
    settings s;
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        auto* const number = word == "--lines" ? &s.lines
            : word == "--clients"              ? &s.clients
                                               : nullptr;
        if (!number) {
            if (word.starts_with("--"))
                throw std::invalid_argument(std::string(usage));
            s.files.emplace_back(word);
            continue;
        }
        std::string_view const text = ++i < argc ? argv[i] : "";
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
        if (error != std::errc() || end != text.data() + text.size() || *number == 0)
            throw std::invalid_argument(std::string(usage));
    }
    if (s.files.empty())
        throw std::invalid_argument(std::string(usage));
    return s;
}

/// Takes the next group, has it compressed, waits for it, and so on.
template <class Compress>
asio::awaitable<void> client(
    std::vector<line_group>& groups, std::size_t& next, Compress const& compress)
{
    while (next != groups.size()) {
        auto& group = groups[next++];
        group.packed = co_await compress(group.text);
    }
}

/// All groups, by so many clients at a time; how long it took.
template <class Compress>
asio::awaitable<clock::duration> serve(
    std::vector<line_group>& groups, std::size_t clients, Compress compress)
{
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer all_done(executor, clock::time_point::max());
    std::exception_ptr failure;
    std::size_t next = 0;
    std::size_t working = clients;
    auto const begin = clock::now();
    for (std::size_t n = 0; n != clients; ++n)
        asio::co_spawn(executor, client(groups, next, compress), [&](std::exception_ptr error) {
            if (error)
                failure = error;
            if (--working == 0)
                all_done.cancel();
        });
    boost::system::error_code canceled;
    co_await all_done.async_wait(asio::redirect_error(asio::use_awaitable, canceled));
    if (failure)
        std::rethrow_exception(failure);
    co_return clock::now() - begin;
}

void report(std::string_view how, line_groups const& text, clock::duration took)
{
    auto const seconds = std::chrono::duration<double>(took).count();
    std::cout << how << static_cast<long>(static_cast<double>(text.all.size()) / seconds)
              << " groups/s, " << static_cast<double>(text.bytes) / seconds / 1e6 << " MB/s\n";
}

/// Unpacks every group; its share of the size of the text.
double check(line_groups& text)
{
    std::size_t packed = 0;
    for (auto& group : text.all) {
        if (unpack(group.packed, group.text.size()) != group.text)
            throw std::runtime_error("a group does not unpack to what it was");
        packed += group.packed.size();
        group.packed.clear();
    }
    return static_cast<double>(packed) / static_cast<double>(std::max<std::size_t>(text.bytes, 1));
}

asio::awaitable<void> compress_log(thread_manager& pools, settings const& set, line_groups& text)
{
    co_await pools.async_start();

    auto const each_by_itself = [&](std::string_view lines) {
        return pools.async_run([lines] { return pack(lines); }, asio::use_awaitable);
    };
    auto const alone = co_await serve(text.all, set.clients, each_by_itself);
    check(text);
    report("a lease for each group:  ", text, alone);

    leasepool::work_grinder grinder(pools,
        {.batch_size = std::max<std::size_t>(set.clients / 4, 1),
            .max_wait = 2ms,
            .name = "compress",
            .max_pending = set.clients + 1});
    co_await grinder.async_start();
    auto const in_batches = [&](std::string_view lines) {
        return grinder.async_submit([lines] { return pack(lines); }, asio::use_awaitable);
    };
    auto const ground = co_await serve(text.all, set.clients, in_batches);
    auto const share = check(text);
    report("through a work grinder:  ", text, ground);

    auto const stats = co_await grinder.async_stats();
    std::cout << "that is " << std::chrono::duration<double>(alone) / ground << " times as fast; "
              << stats.batches << " batches of " << stats.mean_batch_size << " on average\n"
              << "every group was unpacked again and is what it was; packed to "
              << static_cast<int>(100 * share) << " %\n";
    co_await grinder.async_stop();
    co_await pools.async_stop();
}

}  // namespace

int main(int argc, char** argv)
try {
    auto const set = parse(argc, argv);
    line_groups text(set.lines);
    for (auto const& file : set.files)
        text.add_file(file);
    std::cout << set.files.size() << " files, " << text.bytes << " bytes in " << text.all.size()
              << " groups of up to " << set.lines << " lines, " << set.clients << " clients\n";

    asio::io_context io(1);
    leasepool::manager pools(io, leasepool::thread_backend({.workers_per_pool = 1}));
    std::exception_ptr failure;
    asio::co_spawn(io, compress_log(pools, set, text), [&](std::exception_ptr error) {
        failure = error;
        if (error)
            io.stop();
    });
    io.run();
    if (failure)
        std::rethrow_exception(failure);
    return EXIT_SUCCESS;
}
catch (std::exception const& e) {
    std::cerr << "compress_log: " << e.what() << '\n';
    return EXIT_FAILURE;
}
