# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Conveniences that only the top-level project may decide on.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED ENV{CMAKE_CXX_COMPILER_LAUNCHER})
    find_program(LEASEPOOL_CCACHE ccache)
    mark_as_advanced(LEASEPOOL_CCACHE)
    if(LEASEPOOL_CCACHE)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${LEASEPOOL_CCACHE})
    endif()
endif()
