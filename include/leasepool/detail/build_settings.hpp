// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_BUILD_SETTINGS_HPP
#define LEASEPOOL_DETAIL_BUILD_SETTINGS_HPP

/// @file
/// Settings of the compiler and of Boost that a program must share with the compiled library. A
/// program that differs fails to link: it refers to a function library_built_with<SETTING>() that
/// the library does not define. config.hpp includes this file; detail/asio_settings.hpp has the
/// settings of Boost.Asio. doc/build_settings.md says why each setting is in one of the two.

#include <boost/version.hpp>

#include <version>

// The reference must survive --gc-sections. The attribute exists only if the object format supports
// it.
#if __has_cpp_attribute(gnu::retain)
#define LEASEPOOL_RETAIN [[gnu::used, gnu::retain]]
#else
#define LEASEPOOL_RETAIN [[gnu::used]]
#endif

namespace leasepool::build {

/// Defined in the library for each setting that the library was built with. Never called.
template <class Setting>
void library_built_with();

template <int Major, int Minor, int Patch>
struct boost_version;

using current_boost =
    boost_version<BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100>;

struct libstdcxx;
struct libstdcxx_with_old_strings;
template <int AbiVersion>
struct libcxx;
struct unknown_standard_library;

#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
using standard_library = libstdcxx;
#elif defined(__GLIBCXX__)
using standard_library = libstdcxx_with_old_strings;
#elif defined(_LIBCPP_ABI_VERSION)
using standard_library = libcxx<_LIBCPP_ABI_VERSION>;
#else
using standard_library = unknown_standard_library;
#endif

struct glibcxx_debug_off;
struct glibcxx_debug_on;

#ifdef _GLIBCXX_DEBUG
using glibcxx_debug = glibcxx_debug_on;
#else
using glibcxx_debug = glibcxx_debug_off;
#endif

// Internal linkage: each translation unit refers to its own settings. Of an inline variable the
// linker would keep one definition, with the settings of one translation unit.
LEASEPOOL_RETAIN constexpr void (*settings[])() = {
    &library_built_with<current_boost>,
    &library_built_with<standard_library>,
    &library_built_with<glibcxx_debug>,
};

}  // namespace leasepool::build

#endif
