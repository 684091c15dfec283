// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_REMOTE_ERROR_HPP
#define LEASEPOOL_REMOTE_ERROR_HPP

#include <leasepool/config.hpp>

#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leasepool {

/// The exception that a job threw on a worker process. Its code is `errc::remote_exception`.
///
/// Copies share their content, so copying never throws. Distinct objects may be used at the same
/// time from several threads, also if they are copies of each other.
class remote_error : public boost::system::system_error {
public:
    /// The details of the exception.
    struct details {
        /// The name of the job.
        std::string job{};
        /// The type of the exception, as the worker's language names it; may be empty.
        std::string type{};
        /// The text of the exception.
        std::string message{};
        /// The number of the error on the wire; -32000 for an exception without a number of its
        /// own.
        int number = -32000;
        /// Further data that the worker sent with the error; null if there is none.
        boost::json::value data{};
    };

    explicit remote_error(details from);

    std::string const& job() const noexcept { return about_->from.job; }
    std::string const& type() const noexcept { return about_->from.type; }
    /// Returns the text of the exception as the worker sent it: whole, with line ends and control
    /// characters. It is not longer than `process_backend_options::max_message_bytes`.
    std::string const& message() const noexcept { return about_->from.message; }
    int number() const noexcept { return about_->from.number; }
    boost::json::value const& data() const noexcept { return about_->from.data; }

    /// Returns a text for people: `job "resize" threw std::out_of_range: no such page`. What comes
    /// from the worker is on one line: control characters are escaped, and at most 1 KiB of the
    /// message is shown.
    char const* what() const noexcept override { return about_->text.c_str(); }

private:
    struct shared {
        details from;
        std::string text;
    };
    std::shared_ptr<shared const> about_;
};

/// A worker process ended, or was killed, while it ran a job. Its code is `errc::worker_died`.
///
/// The job may have done some of its work, so it was not run again. Copies share their content, so
/// copying never throws. Distinct objects may be used at the same time from several threads, also
/// if they are copies of each other.
class worker_died : public boost::system::system_error {
public:
    /// The details of the death.
    struct details {
        /// The name of the job; may be empty.
        std::string job{};
        /// The process id of the worker, or of its launcher.
        std::int64_t pid = 0;
        /// Its exit status, if it exited.
        std::optional<int> exit_status{};
        /// The signal that killed it, if it was killed by one.
        std::optional<int> signal{};
        /// The name of that signal, for example "SIGSEGV".
        std::string signal_name{};
        /// The last lines that it wrote to stderr, the oldest first: at most 20, the first 4 KiB of
        /// each, with control characters. Invalid UTF-8 is replaced.
        std::vector<std::string> stderr_lines{};
        /// A text for people about a message that it sent without its line end; empty: there is
        /// none. `27 bytes without a line end came: "{\"jsonrpc\":\"2.0\",\"id\":1"`.
        std::string unfinished{};
    };

    explicit worker_died(details from);

    std::string const& job() const noexcept { return about_->from.job; }
    std::int64_t pid() const noexcept { return about_->from.pid; }
    std::optional<int> exit_status() const noexcept { return about_->from.exit_status; }
    std::optional<int> signal() const noexcept { return about_->from.signal; }
    std::string const& signal_name() const noexcept { return about_->from.signal_name; }
    std::vector<std::string> const& stderr_lines() const noexcept
    {
        return about_->from.stderr_lines;
    }
    std::string const& unfinished() const noexcept { return about_->from.unfinished; }

    /// Returns a text for people, with several lines if there are several lines of stderr:
    /// `worker 4242 was killed by SIGSEGV while it ran job "resize"; its last lines on stderr: ...`
    /// Control characters in them are escaped, and at most 200 bytes of each line are shown.
    char const* what() const noexcept override { return about_->text.c_str(); }

private:
    struct shared {
        details from;
        std::string text;
    };
    std::shared_ptr<shared const> about_;
};

}  // namespace leasepool

#endif
