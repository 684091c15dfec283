// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_COMMAND_HPP
#define LEASEPOOL_DETAIL_COMMAND_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/manager_core.hpp>
#include <leasepool/options.hpp>
#include <leasepool/stats.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

/// The functions of the compiled core for starts, stops and requests for stats. The initiations in
/// initiate.hpp call them. All functions may be called from any thread.
namespace leasepool::detail {

using stats_completion = stats_completion_of<stats>;

/// A start, a stop or a request for stats. It outlives its operation for as long as a cancellation
/// slot refers to it.
class command;
void intrusive_ptr_add_ref(command* what) noexcept;
void intrusive_ptr_release(command* what) noexcept;
using command_ptr = boost::intrusive_ptr<command>;

command_ptr make_start(core_ptr core);
command_ptr make_stop(core_ptr core, stop_options const& options);
command_ptr make_stats(core_ptr core);
void submit(command& what, plain_completion& op) noexcept;
void submit(command& what, stats_completion& op) noexcept;
void cancel(command& what) noexcept;

}  // namespace leasepool::detail

#endif
