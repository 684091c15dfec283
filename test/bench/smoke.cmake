# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# cmake -DPROGRAM=<leasepool_bench> -DRESULTS=<file> -P smoke.cmake
# Fails unless every row runs and gives a figure, and the results are the JSON they should be.

cmake_minimum_required(VERSION 3.23)

file(REMOVE ${RESULTS})
execute_process(COMMAND ${PROGRAM} --smoke --results ${RESULTS} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${PROGRAM} --list OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(STRIP "${names}" names)
string(REPLACE "\n" ";" names "${names}")

# string(JSON) fails by itself where something does not parse or is missing.
file(READ ${RESULTS} json)
string(JSON count LENGTH "${json}")
list(LENGTH names expected)
if(NOT count EQUAL expected)
    message(FATAL_ERROR "${count} results of ${expected} rows")
endif()

# check_figure(<path in the result...>)
function(check_figure)
    string(JSON type TYPE "${json}" ${index} ${ARGN})
    string(JSON figure GET "${json}" ${index} ${ARGN})
    if(type STREQUAL "NULL" AND ARGN STREQUAL "reference")
        return()
    endif()
    # Boost.JSON writes 1.5E2 and 0E0, CMake reads that as 0.0 and compares only plain decimals. An idle
    # manager may well not wake up at all, and a delivery need not allocate.
    if(NOT figure MATCHES "^[0-9]" OR
        (figure MATCHES "^0([.]0*)?(E0)?$" AND NOT name MATCHES "^(idle|strand_allocations)$"))
        message(FATAL_ERROR "${name}: ${ARGN} is ${figure}")
    endif()
endfunction()

foreach(name IN LISTS names)
    list(FIND names ${name} index)
    string(JSON found GET "${json}" ${index} name)
    if(NOT found STREQUAL name)
        message(FATAL_ERROR "result ${index} is ${found} instead of ${name}")
    endif()
    foreach(key IN ITEMS reference_name unit better goal ok)
        string(JSON ignored GET "${json}" ${index} ${key})
    endforeach()
    foreach(key IN ITEMS ours reference ratio)
        check_figure(${key})
    endforeach()
    string(JSON comparisons LENGTH "${json}" ${index} unjudged)
    while(comparisons GREATER 0)
        math(EXPR comparisons "${comparisons} - 1")
        check_figure(unjudged ${comparisons} figure)
        check_figure(unjudged ${comparisons} ratio)
    endwhile()
endforeach()
