// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TRACE_RECORDER_HPP
#define LEASEPOOL_TRACE_RECORDER_HPP

/// Records which functions are entered, by all threads, in the order of entry.
namespace recorder {

/// Of this thread and those started after it, one at a time runs: one that wakes another goes on
/// until it sleeps itself. False if the system refuses.
bool take_turns() noexcept;

void begin() noexcept;
void end() noexcept;

/// Returns when no other thread of this process runs or is ready to run.
void wait_until_others_sleep() noexcept;

/// Writes a line for each entry: the thread's id, and the function's address in hexadecimal.
/// False if it could not, or if there were too many entries.
bool write() noexcept;

}  // namespace recorder

#endif
