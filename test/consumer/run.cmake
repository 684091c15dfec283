# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Builds and runs one consumer project from scratch.
# Takes CONSUMER, SOURCE_DIR, BINARY_DIR, CONFIG, GENERATOR, CXX_COMPILER, CXX_COMPILER_LAUNCHER.

set(work ${BINARY_DIR}/consumer/${CONSUMER})
file(REMOVE_RECURSE ${work})

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(options
    -DCMAKE_BUILD_TYPE=${CONFIG}
    -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CXX_COMPILER_LAUNCHER})

if(CONSUMER STREQUAL "cmake_find_package")
    run(${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${work}/prefix --config ${CONFIG})
    # The package must not need the place it was built in.
    file(RENAME ${work}/prefix ${work}/moved)
    list(APPEND options -DCMAKE_PREFIX_PATH=${work}/moved)
endif()

run(${CMAKE_COMMAND} -S ${SOURCE_DIR}/test/consumer/${CONSUMER} -B ${work}/build
    -G ${GENERATOR} ${options})
run(${CMAKE_COMMAND} --build ${work}/build --config ${CONFIG})
run(${CMAKE_CTEST_COMMAND} --test-dir ${work}/build --build-config ${CONFIG}
    --output-on-failure --no-tests=error)
