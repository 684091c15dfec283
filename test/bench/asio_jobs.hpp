// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_ASIO_JOBS_HPP
#define LEASEPOOL_BENCH_ASIO_JOBS_HPP

#include "raw_child.hpp"

#include "wire/limits.hpp"
#include "wire/line_buffer.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>

#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace leasepool::bench {

/// Appends request `id`.
inline void ask_for_sum(wire::writer& writer, std::string& to, unsigned id)
{
    if (writer.request(to, id, "add", boost::json::array{20'000, 30'000}))
        throw std::logic_error("a request was refused");
}

inline int sum_in(wire::reader& reader, std::string_view line)
{
    auto const message = reader.read(line);
    return boost::json::value_to<int>(std::get<wire::result>(message).value);
}

/// Jobs as asynchronous operations: each has a handler, which is posted when the answer has come.
/// Nothing is bounded, timed or canceled, and no worker may die; that is what ours costs.
class asio_jobs {
public:
    asio_jobs(boost::asio::io_context& io, std::vector<std::vector<std::string>> const& workers)
        : io_(io)
    {
        for (auto const& command : workers)
            peers_.emplace_back(io, command);
        for (auto& from : peers_)
            await_answers(from);
    }

    ~asio_jobs()
    {
        for (auto& each : peers_)
            each.output.release();  // `child` closes it
    }
    asio_jobs(asio_jobs const&) = delete;
    asio_jobs& operator=(asio_jobs const&) = delete;

    auto async_add()
    {
        return boost::asio::async_initiate<boost::asio::deferred_t const, void(int)>(
            [this](auto handler) {
                auto& to = peers_[next_++ % peers_.size()];
                ask_for_sum(writer_, to.out, ++id_);
                to.handlers.push_back(std::move(handler));
                send_later(to);
            },
            boost::asio::deferred);
    }

private:
    using handler_type = boost::asio::any_completion_handler<void(int)>;

    struct peer {
        peer(boost::asio::io_context& io, std::vector<std::string> const& command)
            : child(command), output(io, child.output())
        {
        }
        raw_child child;
        boost::asio::posix::stream_descriptor output;
        wire::line_buffer lines{wire::limits{}.max_message_bytes};
        std::string out{};
        std::deque<handler_type> handlers{};
        bool sends = false;
    };

    /// Sends together what is asked until then.
    void send_later(peer& to)
    {
        if (std::exchange(to.sends, true))
            return;
        boost::asio::post(io_, [&to] {
            to.sends = false;
            to.child.write(to.out.data(), to.out.size());
            to.out.clear();
        });
    }

    void await_answers(peer& from)
    {
        from.output.async_wait(boost::asio::posix::descriptor_base::wait_read,
            [this, &from](boost::system::error_code error) {
                if (error)
                    return;
                auto const space = from.lines.prepare();
                from.lines.commit(from.child.read_some(space.data(), space.size()));
                while (auto const line = from.lines.next()) {
                    auto handler = std::move(from.handlers.front());
                    from.handlers.pop_front();
                    boost::asio::post(io_,
                        [handler = std::move(handler), sum = sum_in(reader_, *line)]() mutable {
                            std::move(handler)(sum);
                        });
                }
                await_answers(from);
            });
    }

    boost::asio::io_context& io_;
    std::deque<peer> peers_;
    wire::writer writer_;
    wire::reader reader_;
    unsigned id_ = 0;
    std::size_t next_ = 0;
};

}  // namespace leasepool::bench

#endif
