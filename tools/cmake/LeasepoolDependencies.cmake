# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Sets leasepool_boost_mode, how to look for Boost: by the package file that Boost
# itself installs. CMake's own FindBoost, which ended with CMake 3.30, stands in
# only where there is no such file. Used by the build and by the installed package.
# The package sets leasepool_boost_version, which is by default the oldest that will do.
#
# Sets leasepool_boost_process, the component that Boost.Process v2 is in: a library of
# its own where Boost has one, else headers that need Boost.Filesystem.

if(NOT leasepool_boost_version)
    set(leasepool_boost_version 1.81)
endif()

set(leasepool_boost_mode CONFIG)
if(CMAKE_VERSION VERSION_LESS 3.30)
    find_package(Boost ${leasepool_boost_version} CONFIG QUIET)
    if(NOT Boost_FOUND AND NOT Boost_CONSIDERED_CONFIGS)
        set(leasepool_boost_mode MODULE)
    endif()
endif()

find_package(Boost ${leasepool_boost_version} ${leasepool_boost_mode} QUIET OPTIONAL_COMPONENTS process)
if(TARGET Boost::process)
    set(leasepool_boost_process process)
else()
    set(leasepool_boost_process filesystem)
endif()
