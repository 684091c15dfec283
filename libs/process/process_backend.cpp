// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/process_backend.hpp>

#include "process/child/spawn.hpp"
#include "process/pool/process_pool.hpp"

#include "base/worker_marker.hpp"

#include <leasepool/any_backend.hpp>
#include <leasepool/error.hpp>

#include <boost/system/system_error.hpp>

#include <utility>

namespace leasepool {

namespace detail {

process_backend_registration::process_backend_registration()
{
    register_backend(process_backend::name(), [] { return any_backend(process_backend()); });
}

template class pool_adaptor<process_backend::pool_type>;
template class backend_adaptor<process_backend>;

}  // namespace detail

process_backend::process_backend(process_backend_options options)
{
    validate(options);
    options_ = std::make_shared<process_backend_options const>(std::move(options));
}

std::unique_ptr<process_backend::pool_type> process_backend::make_pool(pool_site site)
{
    if (options_->command.empty() && detail::started_as_worker())
        throw boost::system::system_error(make_error_code(errc::started_as_worker));
    return std::make_unique<pool_type>(std::move(site), options_);
}

process_backend::pool_type::pool_type(
    pool_site site, std::shared_ptr<process_backend_options const> options)
    : pool_(std::make_shared<detail::process_pool>(std::move(site), std::move(options)))
{
}

process_backend::pool_type::~pool_type()
{
    pool_->end();
}

void process_backend::pool_type::close() noexcept
{
    pool_->close();
}

detail::job_pool* process_backend::pool_type::jobs() noexcept
{
    return pool_.get();
}

}  // namespace leasepool
