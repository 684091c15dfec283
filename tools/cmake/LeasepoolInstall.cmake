# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

# Installs every library made by leasepool_add_library, and the package files.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(leasepool_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/leasepool)
get_property(leasepool_libraries GLOBAL PROPERTY LEASEPOOL_LIBRARIES)

install(TARGETS ${leasepool_libraries}
    EXPORT leasepoolTargets
    FILE_SET HEADERS)
install(EXPORT leasepoolTargets
    NAMESPACE leasepool::
    DESTINATION ${leasepool_package_dir})

configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/leasepoolConfig.cmake.in
    ${PROJECT_BINARY_DIR}/leasepoolConfig.cmake
    INSTALL_DESTINATION ${leasepool_package_dir})
write_basic_package_version_file(
    ${PROJECT_BINARY_DIR}/leasepoolConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/leasepoolConfig.cmake
    ${PROJECT_BINARY_DIR}/leasepoolConfigVersion.cmake
    ${CMAKE_CURRENT_LIST_DIR}/LeasepoolDependencies.cmake
    DESTINATION ${leasepool_package_dir})
