// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_WORKER_SUPPORT_HPP
#define LEASEPOOL_TEST_WORKER_SUPPORT_HPP

#include "process/child/descriptors.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace leasepool::test {

namespace json = boost::json;
using detail::pipe_ends;
using detail::unique_fd;

inline pipe_ends a_pipe()
{
    boost::system::error_code ec;
    auto ends = detail::make_pipe(ec);
    BOOST_REQUIRE(!ec);
    return ends;
}

/// All that comes until the end.
inline std::string read_to_end(int fd)
{
    std::string text;
    char buffer[4096];
    for (;;) {
        auto const n = ::read(fd, buffer, sizeof buffer);
        if (n > 0)
            text.append(buffer, static_cast<std::size_t>(n));
        else if (n == 0)
            return text;
        else if (errno != EINTR)
            return text;
    }
}

// Messages to a worker ----------------------------------------------------------------------------

inline std::string line(json::object message)
{
    message["jsonrpc"] = "2.0";
    return json::serialize(message) + '\n';
}

inline std::string call(std::uint64_t id, std::string_view method, json::array params = {})
{
    return line({{"id", id}, {"method", std::string(method)}, {"params", std::move(params)}});
}

inline std::string cancel(std::uint64_t id)
{
    return line({{"method", "leasepool/cancel"}, {"params", {{"id", id}}}});
}

inline std::string resume()
{
    return line({{"method", "leasepool/resume"}});
}

inline std::string limits(std::size_t bytes, std::size_t depth)
{
    return line({{"method", "leasepool/limits"},
        {"params", {{"max_message_bytes", bytes}, {"max_depth", depth}}}});
}

/// How a worker is started.
struct worker_start {
    std::vector<std::string> arguments{};
    /// In the environment besides this program's; without a value: not at all.
    std::vector<std::string> environment{"LEASEPOOL_WORKER=1"};
    bool leads_group = true;
    int input = -1;  ///< in place of a pipe
};

/// A real worker, with a test in place of its parent.
class worker_process {
public:
    explicit worker_process(worker_start const& how = {})
    {
        auto in = a_pipe();
        auto out = a_pipe();
        auto errors = a_pipe();
        auto gate = a_pipe();
        auto life = a_pipe();

        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        auto const give = [&](int from, int to) {
            ::posix_spawn_file_actions_adddup2(&actions, from, to);
        };
        // Out of the way first, because the numbers may be taken.
        constexpr int away = 100;
        int const given[] = {how.input >= 0 ? how.input : in.read.get(), out.write.get(),
            errors.write.get(), gate.read.get(), life.write.get()};
        constexpr int wanted[] = {0, 1, 2, 9, 10};
        for (int i = 0; i != 5; ++i)
            give(given[i], away + i);
        for (int i = 0; i != 5; ++i)
            give(away + i, wanted[i]);
        for (int i = 0; i != 5; ++i)
            ::posix_spawn_file_actions_addclose(&actions, away + i);
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        if (how.leads_group)
            ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);

        std::vector<std::string> words{LEASEPOOL_RUNTIME_WORKER};
        words.insert(words.end(), how.arguments.begin(), how.arguments.end());
        auto variables = how.environment;
        for (char** each = environ; *each; ++each)
            if (!std::string_view(*each).starts_with("LEASEPOOL_"))
                variables.emplace_back(*each);
        auto const pointers = [](std::vector<std::string>& from) {
            std::vector<char*> to;
            for (auto& each : from)
                to.push_back(each.data());
            to.push_back(nullptr);
            return to;
        };
        int const error = ::posix_spawn(&pid_, LEASEPOOL_RUNTIME_WORKER, &actions, &attributes,
            pointers(words).data(), pointers(variables).data());
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
        BOOST_REQUIRE(error == 0);
        in_ = std::move(in.write);
        out_ = std::move(out.read);
        errors_ = std::move(errors.read);
        gate_ = std::move(gate.write);
        life_ = std::move(life.read);
    }

    ~worker_process()
    {
        if (pid_ > 0) {
            ::kill(-pid_, SIGKILL);
            ::kill(pid_, SIGKILL);
            wait();
        }
    }
    worker_process(worker_process const&) = delete;
    worker_process& operator=(worker_process const&) = delete;

    pid_t pid() const noexcept { return pid_; }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto const n = ::write(in_.get(), bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR)
                continue;
            // Not by Boost.Test, which knows one thread only.
            if (n < 0)
                throw std::system_error(errno, std::generic_category(), "sending to the worker");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// The next message, without its version.
    json::object receive()
    {
        std::size_t end = 0;
        while ((end = received_.find('\n')) == std::string::npos) {
            char buffer[65536];
            auto const n = ::read(out_.get(), buffer, sizeof buffer);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                BOOST_FAIL("the worker has ended; stderr: " + read_to_end(errors_.get()));
            received_.append(buffer, static_cast<std::size_t>(n));
        }
        json::parse_options options;
        options.max_depth = 100;
        auto message = json::parse(received_.substr(0, end), {}, options).as_object();
        received_.erase(0, end + 1);
        BOOST_TEST(message.at("jsonrpc") == json::value("2.0"));
        message.erase("jsonrpc");
        return message;
    }

    /// The first message.
    json::object receive_ready()
    {
        auto ready = receive();
        BOOST_REQUIRE(ready.at("method") == json::value("leasepool/ready"));
        return ready.at("params").as_object();
    }

    /// The result of the next message, which is to be that of a request.
    json::value result_of(std::uint64_t id)
    {
        auto message = receive();
        BOOST_TEST_INFO(json::serialize(message));
        BOOST_TEST_REQUIRE(message.contains("result"));
        BOOST_TEST(message.at("id").to_number<std::uint64_t>() == id);
        return message.at("result");
    }

    json::object error_of(std::uint64_t id)
    {
        auto message = receive();
        BOOST_TEST_INFO(json::serialize(message));
        BOOST_TEST_REQUIRE(message.contains("error"));
        BOOST_TEST(message.at("id").to_number<std::uint64_t>() == id);
        return message.at("error").as_object();
    }

    std::int64_t code_of(std::uint64_t id) { return error_of(id).at("code").as_int64(); }

    /// Sends a request, and takes its result.
    json::value run(std::uint64_t id, std::string_view method, json::array params = {})
    {
        send(call(id, method, std::move(params)));
        return result_of(id);
    }

    /// A job says by its progress that it waits.
    void await_waiting(std::uint64_t id)
    {
        auto const message = receive();
        BOOST_TEST(message.at("method") == json::value("leasepool/progress"));
        BOOST_TEST(message.at("params") == (json::value{{"id", id}, {"value", "waiting"}}));
    }

    void close_input() { in_.reset(); }
    void close_output() { out_.reset(); }
    void open_gate() { BOOST_REQUIRE(::write(gate_.get(), "x", 1) == 1); }

    /// The pipes as /proc names them.
    std::string input_pipe() const { return name_of(in_); }
    std::string output_pipe() const { return name_of(out_); }

    /// What is left on stdout.
    std::string rest() { return received_ + read_to_end(out_.get()); }
    std::string errors() { return read_to_end(errors_.get()); }

    /// Waits until nobody is left that the worker has started, nor itself.
    void await_death_of_all() { read_to_end(life_.get()); }

    /// Waits for its end; what waitpid says.
    int wait()
    {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
        pid_ = 0;
        return status;
    }

    /// Closes its input. Its exit status, and nothing more on stdout.
    int finish()
    {
        close_input();
        BOOST_TEST(rest() == "");
        auto const status = wait();
        BOOST_TEST(WIFEXITED(status));
        return WEXITSTATUS(status);
    }

private:
    static std::string name_of(unique_fd const& pipe)
    {
        struct stat about = {};
        BOOST_REQUIRE(::fstat(pipe.get(), &about) == 0);
        return "pipe:[" + std::to_string(about.st_ino) + ']';
    }

    pid_t pid_ = 0;
    unique_fd in_;
    unique_fd out_;
    unique_fd errors_;
    unique_fd gate_;
    unique_fd life_;
    std::string received_;
};

/// A worker that is ready.
struct ready_worker {
    ready_worker() { worker.receive_ready(); }
    worker_process worker;
};

}  // namespace leasepool::test

#endif
