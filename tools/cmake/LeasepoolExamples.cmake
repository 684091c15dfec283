# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# leasepool_add_example(<name> SOURCES ... [ARGS ...] [LIBRARIES ...] [NO_TEST])
#   An example program. Where tests are built, the CTest test example_<name> runs
#   it with ARGS and wants exit status 0, unless NO_TEST.
function(leasepool_add_example name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "NO_TEST" "" "SOURCES;ARGS;LIBRARIES")

    add_executable(${name} ${arg_SOURCES})
    leasepool_target_options(${name})
    target_link_libraries(${name} PRIVATE leasepool::leasepool ${arg_LIBRARIES})

    if(LEASEPOOL_BUILD_TESTS AND NOT arg_NO_TEST)
        add_test(NAME example_${name} COMMAND ${name} ${arg_ARGS})
        set_tests_properties(example_${name} PROPERTIES LABELS example TIMEOUT 300)
    endif()
endfunction()

# leasepool_check_output(<name> SOURCE <file> [VARIANT <word>] [TITLE <text>] [ARGUMENTS ...])
#   A CTest test, example_<name>[_<variant>], that runs the example with ARGUMENTS and wants
#   of it what a comment at the end of the file says; see example/check_output.cmake.
function(leasepool_check_output name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;VARIANT;TITLE" "ARGUMENTS")
    if(NOT LEASEPOOL_BUILD_TESTS)
        return()
    endif()
    set(test example_${name})
    if(arg_VARIANT)
        string(APPEND test _${arg_VARIANT})
    endif()
    if(NOT arg_TITLE)
        set(arg_TITLE "Output")
    endif()
    add_test(NAME ${test}
        COMMAND ${CMAKE_COMMAND}
            -DPROGRAM=$<TARGET_FILE:${name}>
            -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE}
            -DTITLE=${arg_TITLE}
            "-DARGUMENTS=${arg_ARGUMENTS}"
            -P ${PROJECT_SOURCE_DIR}/example/check_output.cmake)
    set_tests_properties(${test} PROPERTIES LABELS example TIMEOUT 60)
    leasepool_sanitizer_environment(${test})
endfunction()
