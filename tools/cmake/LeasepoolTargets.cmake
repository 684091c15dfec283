# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# leasepool_target_options(<target>)
#   Language, warnings and sanitizers of leasepool's own targets. Nothing here
#   reaches a user of the library except the C++20 requirement.
function(leasepool_target_options target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CXX_SCAN_FOR_MODULES OFF)

    if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
        target_compile_options(${target} PRIVATE
            -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
            -Wcast-qual -Woverloaded-virtual -Wextra-semi -Wundef
            $<$<BOOL:${LEASEPOOL_WARNINGS_AS_ERRORS}>:-Werror>)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        # False at every "text" + std::string (GCC bug 105651), in Asio's use_future once it is
        # inlined, at coroutine frames, and at an atomic load through an intrusive_ptr that was
        # null before (at -O2 and above).
        target_compile_options(${target} PRIVATE -Wno-restrict -Wno-maybe-uninitialized
            -Wno-mismatched-new-delete -Wno-stringop-overflow)
    endif()

    if(LEASEPOOL_SANITIZE)
        set(flags -fsanitize=${LEASEPOOL_SANITIZE} -fno-omit-frame-pointer)
        target_compile_options(${target} PRIVATE ${flags} -fno-sanitize-recover=all)
        target_link_options(${target} PRIVATE ${flags})
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # Instrumented code defeats the flow analysis behind this warning.
            target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
            if(LEASEPOOL_SANITIZE MATCHES "thread")
                # Asio's atomic_thread_fence, which GCC warns that TSan does not model.
                target_compile_options(${target} PRIVATE -Wno-tsan)
            endif()
        endif()
    endif()
endfunction()

# leasepool_add_library(<target> EXPORT_NAME <name> HEADERS ...)
#   A library of the project, known as leasepool::<name> both in this build and
#   from an installed package. Its sources are those in sources.txt, which is
#   beside the calling file; HEADERS are relative to include/.
function(leasepool_add_library target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORT_NAME" "HEADERS")
    list(TRANSFORM arg_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS sources.txt)
    file(STRINGS sources.txt sources REGEX "^[^#]")

    add_library(${target} ${sources})
    add_library(leasepool::${arg_EXPORT_NAME} ALIAS ${target})
    target_sources(${target} PUBLIC FILE_SET HEADERS
        BASE_DIRS ${PROJECT_SOURCE_DIR}/include
        FILES ${arg_HEADERS})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/libs)
    leasepool_target_options(${target})
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${arg_EXPORT_NAME}
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
        # So that a static library can be linked into a shared object.
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # GCC would inline no external function of position-independent code; other compilers do.
        target_compile_options(${target} PRIVATE -fno-semantic-interposition)
    endif()
    set_property(GLOBAL APPEND PROPERTY LEASEPOOL_LIBRARIES ${target})
endfunction()
