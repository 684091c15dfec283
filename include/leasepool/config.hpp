// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CONFIG_HPP
#define LEASEPOOL_CONFIG_HPP

/// @file
/// Checks the requirements of leasepool on the compiler and on Boost, so that a violation gives one
/// line instead of pages of errors. It also checks that program and library were built with the
/// same settings (doc/build_settings.md). Every public header includes it.

#include <boost/version.hpp>

#include <version>

#if defined(_WIN32)
#error "leasepool does not support Windows; build it for Linux."
#endif

#if !defined(__cpp_exceptions)
#error "leasepool needs exceptions; compile without -fno-exceptions."
#endif

#if !defined(__cpp_rtti)
#error "leasepool needs RTTI; compile without -fno-rtti."
#endif

#if __cplusplus < 202002L
#error "leasepool needs C++20 or later (-std=c++20; CMake: cxx_std_20; b2: <cxxstd>20)."
#endif

#if __cplusplus >= 202002L && !defined(__cpp_lib_jthread)
#error "leasepool needs <stop_token>: libstdc++, libc++ 20, or 18 with -fexperimental-library."
#endif

#if BOOST_VERSION < 108100
#error "leasepool needs Boost 1.81 or later; an older Boost was found first on the include path."
#endif

/// @def LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING
/// Silences the warning that this comment describes. Define it before the first leasepool header is
/// included, in all translation units alike.
///
/// g++ 12 destroys a temporary in the operand of `co_await` twice if it is a closure with captures
/// or an aggregate. These are the GCC bugs 99576, 100611, 101367 and 101976. g++ 13 contains the
/// fix, 12.3 does not; clang is not affected. The compiler emits no diagnostic:
/// @code
/// co_await lease.async_run([device] { return status_of(device); });   // releases `device` twice
/// @endcode
/// With g++ 12, `async_run` and `async_submit` are deprecated for
/// - a function that is an rvalue and not trivially destructible, and
/// - a job call that is an rvalue, if the job takes an aggregate that is not trivially
///   destructible,
///
/// where the completion token is `use_awaitable`, `deferred` or an adapter of one of them.
/// Callbacks and `use_future` draw no warning. `job_options::on_progress` is deprecated for an
/// owning rvalue on options that are a temporary, whatever the token is. These spellings are safe
/// and draw no warning:
/// @code
/// auto status = [device] { return status_of(device); };
/// co_await lease.async_run(status);                              // copies the closure
/// co_await lease.async_run(std::ref(status));                    // refers to it: also move-only
/// co_await lease.async_run([&] { return status_of(device); });   // owns nothing
/// auto call = resize_job(image{400, 300, pixels});
/// co_await lease.async_run(call);
/// @endcode
/// With `std::ref` the closure stays in the coroutine's frame, which outlives the run.
///
/// The warning is also issued for `std::move(status)` and for `resize_job(named_image)`, which are
/// safe, because their types are the same as those of temporaries. It is not issued for a temporary
/// inside another argument, as in `async_run(parse_job(to_text(document{...})))`, although g++ 12
/// destroys that temporary twice.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__EDG__)
#if __GNUC__ < 13 && !defined(LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING)
#define LEASEPOOL_DETAIL_CO_AWAIT_WARNING
#endif
#endif

#include <leasepool/detail/build_settings.hpp>

#endif
