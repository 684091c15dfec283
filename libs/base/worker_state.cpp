// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/worker_state.hpp>

#include <leasepool/error.hpp>

#include <boost/system/system_error.hpp>

namespace leasepool::detail {
namespace {

thread_local worker_state_base* state_here = nullptr;

}  // namespace

void* worker_state_of_this_thread(std::type_info const& type)
{
    if (!state_here || state_here->type() != type)
        throw boost::system::system_error(make_error_code(errc::no_worker_state));
    return state_here->get();
}

worker_state_scope::worker_state_scope(worker_state_base* state) noexcept
    : before_(std::exchange(state_here, state))
{
}

worker_state_scope::~worker_state_scope()
{
    state_here = before_;
}

}  // namespace leasepool::detail
