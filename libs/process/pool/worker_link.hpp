// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_WORKER_LINK_HPP
#define LEASEPOOL_PROCESS_WORKER_LINK_HPP

#include "process/child/child.hpp"
#include "process/pool/job_outcome.hpp"
#include "process/pool/link_state.hpp"
#include "process/pool/out_queue.hpp"
#include "process/pool/stderr_lines.hpp"

#include "wire/limits.hpp"
#include "wire/line_buffer.hpp"
#include "wire/message.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <leasepool/detail/run_operation.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::detail {

/// One worker process: its state, its pipes, and what goes through them. It knows nothing of the
/// pool. All is done under the pool's lock, but for `decode`.
class worker_link {
public:
    using time = link_state::time;

    /// What has become of an operation; to be carried out when no lock is held.
    struct outcome {
        enum class kind { result, failed, given_back, not_run };

        run_operation* op;
        kind what;
        boost::json::value value{};   // of a result
        std::exception_ptr reason{};  // of a failure; else the code counts
        error_code error{};
        time begun{};
    };

    worker_link(link_state::options const& o, wire::limits const& bounds, time now);

    // From the worker ------------------------------------------------------------------------------

    /// The process has ended: what it has sent is still to be read.
    void has_exited(exit_status how);
    /// Reads what there is, at most about `round` bytes. True: there may be more.
    bool read();
    /// Whether nothing more will come.
    bool input_ended() const noexcept { return output_closed_; }
    bool errors_ended() const noexcept { return errors_closed_; }
    /// Reads from stderr; calls `use(line)`.
    template <class Use>
    bool read_errors(Use const& use)
    {
        auto const bytes = read_error_bytes();
        errors.add(bytes, use);
        return !bytes.empty();
    }

    struct received {
        wire::message what;
        std::size_t bytes;  // of its line, with the end
    };
    /// What was read as messages. Without the lock; one caller at a time.
    void decode(std::vector<received>& into);
    /// After that: why the stream of messages cannot go on; empty: it can.
    std::string stuck() const;

    // To the worker --------------------------------------------------------------------------------

    void send(run_operation& op, link_state::duration timeout, time now);
    void send_limits();
    /// Does what `state` decides. False: there is no room for all of it.
    bool act(time now);
    bool flush(time now);

    /// Nothing goes to or comes from it any more.
    void drop() noexcept;

    static constexpr std::size_t round = std::size_t{256} << 10;

    link_state state;
    std::shared_ptr<start_attempt> start;  // null: it is over
    child process;
    stderr_lines errors;
    std::vector<std::string> methods;
    std::exception_ptr broken;          // why it is killed: how it broke the protocol, say
    std::optional<exit_status> exited;  // see `has_exited`
    std::size_t jobs = 0;               // that it was given, and may have begun

    // The pool's marks.
    bool serving = false;
    bool proven = false;
    bool due = false;
    bool busy = false;     // somebody reads it
    bool reading = false;  // a wait for it is under way
    bool reading_errors = false;
    bool writing = false;
    bool launched = false;  // there is a process, or it could not be started
    bool drained = false;   // it has exited, and all that it sent is read
    bool gone = false;

private:
    void carry_out();
    void close_input() noexcept;
    std::string_view read_error_bytes();
    void notify(std::string_view method, boost::json::value const& params);

    wire::line_buffer in_;
    wire::reader reader_;
    wire::writer writer_;
    wire::limits const bounds_;
    out_queue out_;
    std::string error_bytes_;
    std::size_t last_bytes_ = SIZE_MAX;  // that are to be read, once that is known
    bool output_closed_ = false;
    bool errors_closed_ = false;
    bool close_when_written_ = false;
    bool wide_input_ = false;  // the pipe was widened
    bool wide_output_ = false;
};

}  // namespace leasepool::detail

#endif
