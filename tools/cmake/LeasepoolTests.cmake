# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# leasepool_add_test(<name> SOURCES ... [LABELS ...] [TIMEOUT <seconds>] [LIBRARIES ...] [NO_MAIN])
#   One Boost.Test executable, which is one CTest test; NO_MAIN: it has a main() of its own. TIMEOUT is a guard against
#   a hang, not a measurement. The target sanitizer_tests builds those that are
#   worth a run under a sanitizer, labelled integration or stress.
function(leasepool_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "NO_MAIN" "TIMEOUT" "SOURCES;LABELS;LIBRARIES")
    set(main leasepool_test_main)
    if(arg_NO_MAIN)
        set(main Boost::unit_test_framework)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    if(NOT arg_SOURCES)
        return()
    endif()

    add_executable(${name} ${arg_SOURCES})
    leasepool_target_options(${name})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/libs ${PROJECT_SOURCE_DIR}/test)
    target_link_libraries(${name} PRIVATE ${main} leasepool::leasepool ${arg_LIBRARIES})
    target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK)
    if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
        target_precompile_headers(${name} REUSE_FROM leasepool_test_headers)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # BOOST_TEST(expression, message) trips over this one, from g++ 16 on.
        target_compile_options(${name} PRIVATE -Wno-conversion -Wfloat-conversion)
    endif()

    if("integration" IN_LIST arg_LABELS OR "stress" IN_LIST arg_LABELS)
        add_dependencies(sanitizer_tests ${name})
    endif()

    # Signals are left to the sanitizers, and to a core file.
    add_test(NAME ${name}
        COMMAND ${name} --color_output=no --log_level=test_suite --catch_system_errors=no)
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
    leasepool_sanitizer_environment(${name})
endfunction()

# leasepool_add_compile_failure_test(<name> SOURCE <file> MESSAGE <regex> [LIBRARIES ...] [OPTIONS ...])
#   A CTest test that passes if the file does not compile and the compiler says <regex>.
function(leasepool_add_compile_failure_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;MESSAGE" "LIBRARIES;OPTIONS")

    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${arg_SOURCE})
    leasepool_target_options(${name})
    target_compile_options(${name} PRIVATE ${arg_OPTIONS})
    target_link_libraries(${name} PRIVATE leasepool::leasepool ${arg_LIBRARIES})
    set_property(TARGET ${name} PROPERTY EXPORT_COMPILE_COMMANDS OFF)

    add_test(NAME ${name}
        COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target ${name} --config $<CONFIG>)
    set_tests_properties(${name} PROPERTIES
        LABELS compile_failure
        TIMEOUT 300
        PASS_REGULAR_EXPRESSION "${arg_MESSAGE}"
        RESOURCE_LOCK build_directory)
endfunction()

# leasepool_add_flagged_lines_test(<name> SOURCE <file> FLAGGED <bool> [DEFINITIONS ...])
#   A CTest test that passes if the compiler says of exactly those lines of the file that are marked
#   "// flagged" that they use something deprecated; of no line if FLAGGED is false.
function(leasepool_add_flagged_lines_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;FLAGGED" "DEFINITIONS")

    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${arg_SOURCE})
    leasepool_target_options(${name})
    target_compile_options(${name} PRIVATE -Werror=deprecated-declarations)
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
    target_link_libraries(${name} PRIVATE leasepool::leasepool)
    set_property(TARGET ${name} PROPERTY EXPORT_COMPILE_COMMANDS OFF)

    add_test(NAME ${name}
        COMMAND ${CMAKE_COMMAND}
            -DBINARY_DIR=${PROJECT_BINARY_DIR}
            -DCONFIG=$<CONFIG>
            -DTARGET=${name}
            -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE}
            -DFLAGGED=${arg_FLAGGED}
            -P ${PROJECT_SOURCE_DIR}/tools/cmake/check_flagged_lines.cmake)
    set_tests_properties(${name} PROPERTIES
        LABELS compile_failure
        TIMEOUT 300
        RESOURCE_LOCK build_directory)
endfunction()

# leasepool_add_link_failure_test(<setting> [NAME <name>] SOURCE <file> [DEFINITIONS ...]
#     [INCLUDES <folder>] LIBRARIES ...)
#   A CTest test, link_failure_<name>, that passes if the file, compiled with DEFINITIONS or with
#   INCLUDES in front of the include path, does not link because LIBRARIES were not built with
#   <setting>. The name is by default that of the setting.
function(leasepool_add_link_failure_test setting)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;SOURCE;INCLUDES" "DEFINITIONS;LIBRARIES")
    if(NOT arg_NAME)
        set(arg_NAME ${setting})
    endif()
    set(name link_failure_${arg_NAME})

    add_executable(${name} EXCLUDE_FROM_ALL ${arg_SOURCE})
    leasepool_target_options(${name})
    target_include_directories(${name} BEFORE PRIVATE ${arg_INCLUDES})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
    target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
    set_property(TARGET ${name} PROPERTY EXPORT_COMPILE_COMMANDS OFF)

    add_test(NAME ${name}
        COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target ${name} --config $<CONFIG>)
    set_tests_properties(${name} PROPERTIES
        LABELS link_failure
        TIMEOUT 300
        PASS_REGULAR_EXPRESSION
            "undefined [^\n]*library_built_with<leasepool::build::${setting} *>"
        RESOURCE_LOCK build_directory)
endfunction()

# leasepool_add_consumer_test(<name>)
#   Builds and runs test/consumer/<name>, a project of its own that uses this one.
function(leasepool_add_consumer_test name)
    add_test(NAME ${name}
        COMMAND ${CMAKE_COMMAND}
            -DCONSUMER=${name}
            -DSOURCE_DIR=${PROJECT_SOURCE_DIR}
            -DBINARY_DIR=${PROJECT_BINARY_DIR}
            -DCONFIG=$<CONFIG>
            -DGENERATOR=${CMAKE_GENERATOR}
            -DCXX_COMPILER=${CMAKE_CXX_COMPILER}
            -DCXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
            -P ${PROJECT_SOURCE_DIR}/test/consumer/run.cmake)
    set_tests_properties(${name} PROPERTIES
        LABELS consumer
        TIMEOUT 600
        RESOURCE_LOCK build_directory)
endfunction()

# leasepool_sanitizer_environment(<test> [<TSan option>...])
#   Any finding of a sanitizer fails the test.
function(leasepool_sanitizer_environment test)
    if(LEASEPOOL_SANITIZE MATCHES "thread")
        list(JOIN ARGN ":" options)
        string(APPEND options ":halt_on_error=1:second_deadlock_stack=1")
        if(EXISTS ${PROJECT_SOURCE_DIR}/test/tsan.supp)
            string(APPEND options ":suppressions=${PROJECT_SOURCE_DIR}/test/tsan.supp")
        endif()
        set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT "TSAN_OPTIONS=${options}")
    elseif(LEASEPOOL_SANITIZE)
        set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT
            "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
            "UBSAN_OPTIONS=print_stacktrace=1")
    endif()
endfunction()
