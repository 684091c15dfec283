# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Fails if a file of the project is in no list of the builds, so that it would
# silently not be built: cmake -DSOURCE_DIR=<root> -P check_lists.cmake

cmake_minimum_required(VERSION 3.23)

set(missing "")

# expect_listed(<folder> <pattern> IN <list files...>)
#   Every file under the folder, by its path from there, is a word in one of each
#   list; what is commented out does not count. A word may begin with ../, for files
#   that several folders use.
function(expect_listed folder pattern)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "IN")
    set(words "")
    foreach(list_file IN LISTS arg_IN)
        file(STRINGS ${list_file} lines)
        list(FILTER lines EXCLUDE REGEX "^[ \t]*#")
        string(REGEX REPLACE "[ \t()]+" ";" line_words "${lines}")
        list(APPEND words ${line_words})
    endforeach()
    list(TRANSFORM words REPLACE "^[.][.]/" "")
    file(GLOB_RECURSE paths RELATIVE ${SOURCE_DIR}/${folder} ${SOURCE_DIR}/${folder}/${pattern})
    foreach(path IN LISTS paths)
        if(NOT path IN_LIST words)
            list(JOIN arg_IN " or " where)
            list(APPEND missing "${folder}/${path} is not listed in ${where}")
        endif()
    endforeach()
    set(missing "${missing}" PARENT_SCOPE)
endfunction()

file(GLOB libraries ${SOURCE_DIR}/libs/*/CMakeLists.txt)
expect_listed(include *.hpp IN ${libraries})
foreach(list_file IN LISTS libraries)
    cmake_path(GET list_file PARENT_PATH folder)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${SOURCE_DIR})
    expect_listed(${folder} *.cpp IN ${SOURCE_DIR}/${folder}/sources.txt)
endforeach()

foreach(folder IN ITEMS test/unit test/integration test/stress test/compile_failure test/link_failure
    test/fuzz test/protocol test/shared_object tools/trace)
    expect_listed(${folder} *.cpp IN ${SOURCE_DIR}/${folder}/CMakeLists.txt)
endforeach()
expect_listed(test/unit *.cpp IN ${SOURCE_DIR}/test/unit/Jamfile)
expect_listed(test support/*.cpp IN ${SOURCE_DIR}/test/integration/CMakeLists.txt)

if(missing)
    string(REPLACE "${SOURCE_DIR}/" "" missing "${missing}")
    list(JOIN missing "\n  " missing)
    message(FATAL_ERROR "Files that nothing builds:\n  ${missing}")
endif()
