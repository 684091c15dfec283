# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Fails unless the errors in a source file that has one target to itself are exactly those of its
# lines that are marked "// flagged", and each is a use of something deprecated:
#   cmake -DBINARY_DIR=<dir> -DCONFIG=<config> -DTARGET=<target> -DSOURCE=<file> -DFLAGGED=<bool>
#       -P check_flagged_lines.cmake
# FLAGGED is false where no line is to be flagged.

cmake_minimum_required(VERSION 3.23)

set(expected "")
if(FLAGGED)
    file(READ ${SOURCE} text)
    # A list would split the lines at their semicolons, and not at their brackets.
    string(REGEX REPLACE "[][;]" "." text "${text}")
    string(REPLACE "\n" ";" lines "${text}")
    set(number 0)
    foreach(line IN LISTS lines)
        math(EXPR number "${number} + 1")
        if(line MATCHES "// flagged$")
            list(APPEND expected ${number})
        endif()
    endforeach()
    if(NOT expected)
        message(FATAL_ERROR "No line of ${SOURCE} is marked")
    endif()
endif()

execute_process(COMMAND ${CMAKE_COMMAND} --build ${BINARY_DIR} --target ${TARGET} --config ${CONFIG}
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
string(REGEX REPLACE "[][;]" "." output "${output}")
string(REGEX MATCHALL "[^\n]*: error: [^\n]*" errors "${output}")

cmake_path(GET SOURCE FILENAME name)
set(found "")
foreach(error IN LISTS errors)
    if(NOT error MATCHES "${name}:([0-9]+):[0-9]+: error: .*is deprecated: in the operand of co_await")
        message(FATAL_ERROR "Another error:\n${error}")
    endif()
    list(APPEND found ${CMAKE_MATCH_1})
endforeach()
if(NOT found AND NOT result EQUAL 0)
    message(FATAL_ERROR "The build failed:\n${output}")
endif()
if(NOT found STREQUAL expected)
    message(FATAL_ERROR "Flagged lines: ${found}\nexpected:      ${expected}")
endif()
message(STATUS "Flagged lines: ${found}")
