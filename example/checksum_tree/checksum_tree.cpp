// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "checksum_tree.hpp"

#include "all_of.hpp"
#include "checksum_file.hpp"
#include "read_folder.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <stop_token>
#include <system_error>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;

namespace {

// A file or a folder that is still to be read.
struct item {
    fs::path path;
    double share = 0;
};

// One coroutine walks the tree and sends files through the channel, others receive and checksum
// them. It holds few, so the walk is never far ahead.
class tree {
public:
    tree(asio::any_io_executor const& ex, thread_lease* lease, tree_job const& job, tally& totals)
        : lease_(lease), job_(job), totals_(totals), files_(ex, job.in_flight)
    {
    }

    asio::awaitable<void> walk()
    {
        item const root{job_.root, job_.share};
        auto const look = [&](std::stop_token) { return read_argument(root.path); };
        std::vector<item> folders;
        co_await add(root, co_await offload(lease_, look), folders);
        while (!folders.empty()) {
            auto const folder = std::move(folders.back());
            folders.pop_back();
            auto const read = [&](std::stop_token) { return read_folder(folder.path); };
            co_await add(folder, co_await offload(lease_, read), folders);
        }
        // One a receiver. To close the channel instead would drop what is still in it.
        for (std::size_t i = 0; i < job_.in_flight; ++i) {
            item none;
            co_await files_.async_send(asio::error::eof, std::move(none), asio::use_awaitable);
        }
    }

    asio::awaitable<void> checksum_files()
    {
        for (;;) {
            auto const [end, file] =
                co_await files_.async_receive(asio::as_tuple(asio::use_awaitable));
            if (end)
                co_return;
            co_await checksum(file);
        }
    }

private:
    // Everything passes through here, or through add: signs of life, for which the lease is renewed.
    // One that hangs is not, and in the end it is revoked.
    void renew()
    {
        if (lease_)
            lease_->renew(std::chrono::minutes(1));
    }

    asio::awaitable<void> add(item const& parent, listing found, std::vector<item>& folders)
    {
        renew();
        if (found.error)
            note(parent.path, found.error);
        totals_.links += found.links;
        for (auto const& path : found.special)
            totals_.special.add(path.native());

        auto const count = found.files.size() + found.folders.size();
        if (count == 0)
            totals_.done += parent.share;
        auto const share = parent.share / static_cast<double>(count);
        for (auto& path : found.folders)
            folders.push_back({std::move(path), share});
        for (auto& path : found.files) {
            item file{std::move(path), share};
            co_await files_.async_send(error_code(), std::move(file), asio::use_awaitable);
        }
    }

    asio::awaitable<void> checksum(item const& file)
    {
        auto const work = [&](std::stop_token stop) {
            auto const sum = checksum_file(file.path, std::move(stop));
            if (job_.print)
                print_sum(file.path, sum);
            return sum;
        };
        try {
            auto const sum = co_await offload(lease_, work);
            ++totals_.files;
            totals_.bytes += sum.bytes;
        }
        catch (std::system_error const& e) {
            if (e.code() == std::errc::operation_canceled)
                throw;
            note(file.path, e.code());
        }
        totals_.done += file.share;
        renew();
    }

    void note(fs::path const& path, std::error_code why)
    {
        totals_.unreadable.add(path.native() + ": " + why.message());
    }

    thread_lease* lease_;
    tree_job const& job_;
    tally& totals_;
    asio::experimental::channel<void(error_code, item)> files_;
};

}  // namespace

asio::awaitable<void> checksum_tree(thread_lease* lease, tree_job const& job, tally& totals)
{
    tree t(co_await asio::this_coro::executor, lease, job, totals);
    std::vector<asio::awaitable<void>> tasks;
    tasks.push_back(t.walk());
    for (std::size_t i = 0; i < job.in_flight; ++i)
        tasks.push_back(t.checksum_files());
    co_await all_of(std::move(tasks));
}
