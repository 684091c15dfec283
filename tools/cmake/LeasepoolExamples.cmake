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
