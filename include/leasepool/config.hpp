// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CONFIG_HPP
#define LEASEPOOL_CONFIG_HPP

/// @file
/// What leasepool asks of the compiler and of Boost, said in one line instead of
/// in pages of errors. Every public header includes it.

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

#endif
