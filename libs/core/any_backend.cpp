// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/any_backend.hpp>
#include <leasepool/thread_backend.hpp>

#include <boost/system/system_error.hpp>

#include <string>

namespace leasepool {
namespace {

std::unique_ptr<detail::backend_base> by_name(std::string_view name)
{
    if (name == thread_backend::name())
        return detail::erase(thread_backend());
    auto const quoted = "backend '" + std::string(name) + '\'';
    if (name == "process")
        throw boost::system::system_error(make_error_code(errc::unsupported_backend), quoted);
    throw boost::system::system_error(make_error_code(errc::unknown_backend), quoted);
}

}  // namespace

any_backend::any_backend(std::string_view name) : backend_(by_name(name)) {}

std::unique_ptr<any_backend::pool_type> any_backend::make_pool(pool_site site)
{
    return std::make_unique<pool_type>(backend_->make_pool(std::move(site)));
}

}  // namespace leasepool
