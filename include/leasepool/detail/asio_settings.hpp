// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_ASIO_SETTINGS_HPP
#define LEASEPOOL_DETAIL_ASIO_SETTINGS_HPP

/// @file
/// Settings of Boost.Asio that a program must share with the compiled library, as in
/// detail/build_settings.hpp. Each changes the layout of a class or the code of an inline function
/// that program and library both contain. Every header that includes Asio includes this file.

#include <leasepool/config.hpp>

#include <boost/asio/recycling_allocator.hpp>

namespace leasepool::build {

// Adds a base class to every operation in a queue.
struct asio_handler_tracking_off;
struct asio_handler_tracking_on;
struct asio_handler_tracking_custom;

#if defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING)
using asio_handler_tracking = asio_handler_tracking_custom;
#elif defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING)
using asio_handler_tracking = asio_handler_tracking_on;
#else
using asio_handler_tracking = asio_handler_tracking_off;
#endif

// Changes the types of mutexes, counts and thread-specific pointers.
struct asio_threads_off;
struct asio_threads_on;

#if defined(BOOST_ASIO_HAS_THREADS)
using asio_threads = asio_threads_on;
#else
using asio_threads = asio_threads_off;
#endif

// Changes how a thread finds the io_context that it runs.
struct asio_thread_keyword_off;
struct asio_thread_keyword_on;

#if defined(BOOST_ASIO_HAS_THREAD_KEYWORD_EXTENSION)
using asio_thread_keyword = asio_thread_keyword_on;
#else
using asio_thread_keyword = asio_thread_keyword_off;
#endif

// Changes the type of counts. From Boost 1.84 on Asio always uses std::atomic.
struct asio_std_atomic_off;
struct asio_std_atomic_on;

#if defined(BOOST_ASIO_HAS_STD_ATOMIC) || BOOST_VERSION >= 108400
using asio_std_atomic = asio_std_atomic_on;
#else
using asio_std_atomic = asio_std_atomic_off;
#endif

// Changes the class that waits for events, and how a timer ends the wait of epoll. The conditions
// are in the order in which Asio chooses.
struct asio_reactor_io_uring;
struct asio_reactor_epoll;
struct asio_reactor_epoll_without_timerfd;
struct asio_reactor_kqueue;
struct asio_reactor_dev_poll;
struct asio_reactor_select;

#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
using asio_reactor = asio_reactor_io_uring;
#elif defined(BOOST_ASIO_HAS_EPOLL) && defined(BOOST_ASIO_HAS_TIMERFD)
using asio_reactor = asio_reactor_epoll;
#elif defined(BOOST_ASIO_HAS_EPOLL)
using asio_reactor = asio_reactor_epoll_without_timerfd;
#elif defined(BOOST_ASIO_HAS_KQUEUE)
using asio_reactor = asio_reactor_kqueue;
#elif defined(BOOST_ASIO_HAS_DEV_POLL)
using asio_reactor = asio_reactor_dev_poll;
#else
using asio_reactor = asio_reactor_select;
#endif

// Changes the unit in which recycled memory is measured, also if io_uring is not the reactor.
struct asio_io_uring_off;
struct asio_io_uring_on;

#if defined(BOOST_ASIO_HAS_IO_URING)
using asio_io_uring = asio_io_uring_on;
#else
using asio_io_uring = asio_io_uring_off;
#endif

// Changes how the reactor is woken: through a counter or through a pipe.
struct asio_eventfd_off;
struct asio_eventfd_on;

#if defined(BOOST_ASIO_HAS_EVENTFD)
using asio_eventfd = asio_eventfd_on;
#else
using asio_eventfd = asio_eventfd_off;
#endif

// Changes the key of a service: a type or an address.
struct asio_typeid_off;
struct asio_typeid_on;

#if defined(BOOST_ASIO_NO_TYPEID)
using asio_typeid = asio_typeid_off;
#else
using asio_typeid = asio_typeid_on;
#endif

// Changes the members of the state that each thread has while it runs an io_context. From Boost
// 1.84 on Asio always uses std::exception_ptr.
struct asio_exceptions_off;
struct asio_exceptions_on;

#if !defined(BOOST_ASIO_NO_EXCEPTIONS) && \
    (defined(BOOST_ASIO_HAS_STD_EXCEPTION_PTR) || BOOST_VERSION >= 108400)
using asio_exceptions = asio_exceptions_on;
#else
using asio_exceptions = asio_exceptions_off;
#endif

// Changes the size of that state, and whether a block of memory has room for its own size.
struct asio_recycling_off;
template <int BlocksPerPurpose>
struct asio_recycling;

#if defined(BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
using asio_memory = asio_recycling_off;
#else
using asio_memory = asio_recycling<BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE>;
#endif

// Changes the function that allocates memory, and therefore the function that must free it.
struct asio_aligned_alloc_std;
struct asio_aligned_alloc_boost;
struct asio_aligned_alloc_off;

#if defined(BOOST_ASIO_HAS_STD_ALIGNED_ALLOC)
using asio_aligned_alloc = asio_aligned_alloc_std;
#elif defined(BOOST_ASIO_HAS_BOOST_ALIGN)
using asio_aligned_alloc = asio_aligned_alloc_boost;
#else
using asio_aligned_alloc = asio_aligned_alloc_off;
#endif

// Changes the layout of buffers. buffer.hpp of Asio has the same condition.
struct asio_buffer_debugging_off;
struct asio_buffer_debugging_on;

#if defined(BOOST_ASIO_ENABLE_BUFFER_DEBUGGING) || \
    (defined(_GLIBCXX_DEBUG) && !defined(BOOST_ASIO_DISABLE_BUFFER_DEBUGGING))
using asio_buffer_debugging = asio_buffer_debugging_on;
#else
using asio_buffer_debugging = asio_buffer_debugging_off;
#endif

// Changes the return type of functions such as basic_descriptor::close(error_code&): void, or an
// error_code that is returned through a hidden argument. The mangled names of such functions do not
// contain the return type, so the linker cannot see the difference.
struct asio_deprecated_off;
struct asio_deprecated_on;

#if defined(BOOST_ASIO_NO_DEPRECATED)
using asio_deprecated = asio_deprecated_off;
#else
using asio_deprecated = asio_deprecated_on;
#endif

// Changes the type any_io_executor.
struct asio_ts_executor_as_default_off;
struct asio_ts_executor_as_default_on;

#if defined(BOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT)
using asio_ts_executor_as_default = asio_ts_executor_as_default_on;
#else
using asio_ts_executor_as_default = asio_ts_executor_as_default_off;
#endif

LEASEPOOL_RETAIN constexpr void (*asio_settings[])() = {
    &library_built_with<asio_handler_tracking>,
    &library_built_with<asio_threads>,
    &library_built_with<asio_thread_keyword>,
    &library_built_with<asio_std_atomic>,
    &library_built_with<asio_reactor>,
    &library_built_with<asio_io_uring>,
    &library_built_with<asio_eventfd>,
    &library_built_with<asio_typeid>,
    &library_built_with<asio_exceptions>,
    &library_built_with<asio_memory>,
    &library_built_with<asio_aligned_alloc>,
    &library_built_with<asio_buffer_debugging>,
    &library_built_with<asio_deprecated>,
    &library_built_with<asio_ts_executor_as_default>,
};

}  // namespace leasepool::build

#endif
