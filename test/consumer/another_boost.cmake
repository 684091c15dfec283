# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# The installed package refuses a Boost other than the one that the library was built with, and names
# both. Takes SOURCE_DIR, BINARY_DIR, CONFIG, GENERATOR, CXX_COMPILER, BOOST_VERSION.

set(work ${BINARY_DIR}/consumer/another_boost)
file(REMOVE_RECURSE ${work})
execute_process(
    COMMAND ${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${work}/prefix --config ${CONFIG}
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

set(other ${work}/boost/lib/cmake/Boost-1.999.0)
file(WRITE ${other}/BoostConfig.cmake "")
file(WRITE ${other}/BoostConfigVersion.cmake [[
set(PACKAGE_VERSION 1.999.0)
if(NOT PACKAGE_FIND_VERSION_EXACT)
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
]])

# The project's packages are looked for in CMAKE_PREFIX_PATH only, once the compiler is known.
file(WRITE ${work}/after_project.cmake [[
set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)
set(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)
]])

execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${SOURCE_DIR}/test/consumer/cmake_find_package -B ${work}/build
        -G ${GENERATOR}
        -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
        "-DCMAKE_PREFIX_PATH=${work}/prefix;${work}/boost"
        -DCMAKE_PROJECT_INCLUDE=${work}/after_project.cmake
    RESULT_VARIABLE status
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
message("${output}")
if(status EQUAL 0)
    message(FATAL_ERROR "The project was configured.")
endif()

# CMake breaks the lines of the message.
string(REGEX REPLACE "[ \n]+" " " output "${output}")
set(expected "leasepool was built with Boost ${BOOST_VERSION}, but Boost 1.999.0 was found.")
string(FIND "${output}" "${expected}" position)
if(position EQUAL -1)
    message(FATAL_ERROR "The message is missing: ${expected}")
endif()
