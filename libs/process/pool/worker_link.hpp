// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_WORKER_LINK_HPP
#define LEASEPOOL_PROCESS_WORKER_LINK_HPP

#include "process/child/child.hpp"
#include "process/child/start_attempt.hpp"
#include "process/pool/link_state.hpp"
#include "process/pool/out_queue.hpp"
#include "process/pool/stderr_lines.hpp"

#include "wire/limits.hpp"
#include "wire/line_buffer.hpp"
#include "wire/message.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <leasepool/detail/run_operation.hpp>

#include <boost/intrusive/set_hook.hpp>
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

/// One worker process: its state, its pipes, and the bytes that go through them. It knows nothing of
/// the pool. All functions are called under the pool's lock, except `decode`.
class worker_link : public std::enable_shared_from_this<worker_link> {
public:
    using time = link_state::time;

    worker_link(link_state::options const& o, wire::limits const& bounds, time now);

    // From the worker ------------------------------------------------------------------------------

    /// The process has exited. From now on only the bytes that it has sent until now are read: those
    /// that come later are from another process, which may never end.
    void has_exited(exit_status how) noexcept;
    /// Reads what there is, at most about `round` bytes. Returns whether there may be more.
    bool read();
    /// Takes note of how much has arrived, because a deadline has passed.
    void note_deadline() noexcept;
    /// Returns whether all that had arrived at `note_deadline` is read.
    bool has_caught_up() const noexcept { return behind_ == 0; }
    /// Returns whether no more bytes will come.
    bool output_ended() const noexcept { return output_closed_ || last_bytes_ == 0; }
    bool errors_ended() const noexcept { return errors_closed_; }
    /// Reads a few KiB from stderr; calls `use(line)` for each line. Returns the number of bytes.
    template <class Use>
    std::size_t read_errors(Use const& use)
    {
        auto const bytes = read_error_bytes();
        errors.add(bytes, use);
        return bytes.size();
    }

    struct received {
        wire::message what;
        std::size_t bytes;  // of its line, with the end
    };
    /// Appends the messages that were read. Without the lock; one caller at a time. Stops before a
    /// message that is longer than `longest`.
    /// @return false if it has stopped.
    bool decode(std::vector<received>& into, std::size_t longest);
    /// Returns why no more messages can be decoded; empty: they can.
    std::string undecodable() const;
    /// Returns a text about the bytes that came without a line end; empty: there are none. Not while
    /// it is read.
    std::string unfinished() const;

    // To the worker --------------------------------------------------------------------------------

    void send(run_operation& op, link_state::duration timeout, time now);
    void send_limits();
    /// Does what `state` decides, and writes.
    /// @return false: the pipe has no room for all of it. Call again when it has.
    bool act(time now);
    /// Returns whether the other end of stdin was closed by all processes.
    bool input_has_no_reader() noexcept;
    /// Returns how many of the bytes that were written surely were not read, and never will be. Only
    /// after the exit of the process, when its group was killed.
    std::uint64_t unread_input() noexcept;
    /// Drops the bytes that are not written. Jobs may then be taken out of `state`.
    void drop_output() noexcept { out_.clear(); }

    /// Ends the process, or its start, and closes the pipes.
    void drop() noexcept;
    bool dropped() const noexcept { return dropped_; }

    /// Maximum number of bytes that `read` reads.
    static constexpr std::size_t round = std::size_t{256} << 10;

    link_state state;
    std::shared_ptr<start_attempt> start;  // null: the start is over
    child process;
    stderr_lines errors;
    std::vector<std::string> methods;
    std::exception_ptr broken;           // how it broke the protocol, or why memory ran out
    char const* closed_first = nullptr;  // the stream that it has closed
    std::optional<exit_status> exit;

    /// Which thread handles its output: the one that has noticed it, or a spare thread.
    enum class reader { none, active, elsewhere };
    reader reading = reader::none;
    bool is_read() const noexcept
    {
        return reading == reader::active || reading == reader::elsewhere;
    }
    // Whether a wait is outstanding.
    bool awaits_output = false;
    bool awaits_errors = false;
    bool awaits_room = false;
    bool awaits_no_reader = false;

    /// As what the pool's supply counts it.
    enum class counted { starting, in_service, due, not_at_all };
    counted counted_as = counted::starting;

    // For `worker_index`.
    boost::intrusive::set_member_hook<> deadline_hook;
    boost::intrusive::set_member_hook<> load_hook;
    time deadline = link_state::never;
    std::size_t load = 0;

private:
    void carry_out();
    bool flush(time now);
    void close_input() noexcept;
    std::string_view read_error_bytes();
    void notify(std::string_view method, boost::json::value const& params);

    wire::line_buffer in_;
    wire::reader reader_;
    wire::writer writer_;
    wire::limits const bounds_;
    out_queue out_;
    std::string error_bytes_;
    std::optional<std::string_view> long_line_;  // where `decode` has stopped
    std::size_t last_bytes_ = SIZE_MAX;          // that are to be read, once that is known
    std::size_t behind_ = 0;                     // bytes to read before a clock counts
    bool output_closed_ = false;
    bool errors_closed_ = false;
    bool close_when_written_ = false;
    bool input_failed_ = false;
    bool wide_input_ = false;  // the pipe was widened
    bool wide_output_ = false;
    bool dropped_ = false;
};

/// The operation that was sent as this; null: none.
inline run_operation* operation_of(link_state::flight const* flight) noexcept
{
    return flight ? static_cast<run_operation*>(flight->what) : nullptr;
}

}  // namespace leasepool::detail

#endif
