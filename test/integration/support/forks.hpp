// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_FORKS_HPP
#define LEASEPOOL_TEST_FORKS_HPP

/// @file
/// Defines `LEASEPOOL_TEST_FORKS` if a forked child may start threads.

// ThreadSanitizer ends a forked child that starts a thread.
#if !defined(__SANITIZE_THREAD__)
#define LEASEPOOL_TEST_FORKS 1
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef LEASEPOOL_TEST_FORKS
#endif
#endif
#endif

#endif
