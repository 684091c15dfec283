// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/asio_settings.hpp>

// Defines `library_built_with` for the settings of Asio that the library was built with. A program
// that was built with another setting refers to a function that is not defined, and fails to link.

namespace leasepool::build {

template <class Setting>
void library_built_with()
{
}

template void library_built_with<asio_handler_tracking>();
template void library_built_with<asio_threads>();
template void library_built_with<asio_thread_keyword>();
template void library_built_with<asio_std_atomic>();
template void library_built_with<asio_reactor>();
template void library_built_with<asio_io_uring>();
template void library_built_with<asio_eventfd>();
template void library_built_with<asio_typeid>();
template void library_built_with<asio_exceptions>();
template void library_built_with<asio_memory>();
template void library_built_with<asio_aligned_alloc>();
template void library_built_with<asio_buffer_debugging>();
template void library_built_with<asio_deprecated>();
template void library_built_with<asio_ts_executor_as_default>();

}  // namespace leasepool::build
