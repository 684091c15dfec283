# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Runs an example and fails unless it succeeds and prints what the comment after
# "// Output:" at the end of its source says, where "..." stands for any text in a
# line: cmake -DPROGRAM=<executable> -DSOURCE=<file> -P check_output.cmake
# It ends at an empty line or at the end of the file. With -DARGUMENTS=<list> the
# program gets these; with -DTITLE=<text> another line than "// Output:" begins it.

cmake_minimum_required(VERSION 3.23)

if(NOT DEFINED TITLE)
    set(TITLE "Output")
endif()

execute_process(COMMAND ${PROGRAM} ${ARGUMENTS}
    OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result STREQUAL "0" OR NOT errors STREQUAL "")
    message(FATAL_ERROR "exit status ${result}\n${output}${errors}")
endif()

file(READ ${SOURCE} source)
string(FIND "${source}" "\n// ${TITLE}:\n" begin)
if(begin LESS 0)
    message(FATAL_ERROR "${SOURCE} does not say what it prints")
endif()
string(SUBSTRING "${source}" ${begin} -1 expected)
string(REPLACE "\n// ${TITLE}:\n" "" expected "${expected}")
string(REGEX REPLACE "\n\n.*$" "\n" expected "${expected}")
string(REGEX REPLACE "(^|\n)// ?" "\\1" expected "${expected}")

string(REPLACE "..." "<any>" pattern "${expected}")
string(REGEX REPLACE "([][+.*()^$?|\\\\])" "\\\\\\1" pattern "${pattern}")
string(REPLACE "<any>" "[^\n]*" pattern "${pattern}")
if(NOT output MATCHES "^${pattern}$")
    message(FATAL_ERROR "It printed\n\n${output}\ninstead of\n\n${expected}")
endif()
