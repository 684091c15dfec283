# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Fails if a file of libs/core includes one of a layer above its own:
# cmake -DSOURCE_DIR=<root> -P check_layers.cmake

cmake_minimum_required(VERSION 3.23)

# From below. What makes threads stands beside leases and managers: it knows pools only.
set(layers support async ledger pool lease manager grinder)
set(below_threads support async ledger pool threads)

# Who tells a manager what has happened calls it; its header needs nothing of it.
set(upward
    pool/backend.cpp
    pool/pool_record.cpp
    lease/job_operation.cpp
    lease/lease_record.cpp
    lease/lease_state.cpp)

set(wrong "")
file(GLOB_RECURSE files RELATIVE ${SOURCE_DIR}/libs/core
    ${SOURCE_DIR}/libs/core/*.hpp ${SOURCE_DIR}/libs/core/*.cpp)
foreach(path IN LISTS files)
    cmake_path(GET path PARENT_PATH layer)
    if(layer STREQUAL "threads")
        set(allowed ${below_threads})
    else()
        list(FIND layers "${layer}" height)
        if(height EQUAL -1)
            list(APPEND wrong "${path} is in no layer")
            continue()
        endif()
        math(EXPR height "${height} + 1")
        list(SUBLIST layers 0 ${height} allowed)
    endif()
    if(path IN_LIST upward)
        list(APPEND allowed manager)
    endif()
    file(STRINGS ${SOURCE_DIR}/libs/core/${path} includes REGEX "^#include \"")
    foreach(line IN LISTS includes)
        # libs/base is below all layers.
        if(line MATCHES "^#include \"base/")
            continue()
        endif()
        if(NOT line MATCHES "^#include \"core/([a-z]+)/")
            list(APPEND wrong "${path}: ${line} is not relative to libs/")
        elseif(NOT CMAKE_MATCH_1 IN_LIST allowed)
            list(APPEND wrong "${path}: ${line} is of a layer above")
        endif()
    endforeach()
endforeach()

if(wrong)
    list(JOIN wrong "\n  " wrong)
    message(FATAL_ERROR "The layers of libs/core are broken:\n  ${wrong}")
endif()
