# An installed Bascule is found by find_package(bascule) and by pkg-config.
include(CMakePackageConfigHelpers)
install(TARGETS bascule EXPORT basculeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/bascule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET bascule_cli)
  install(TARGETS bascule_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bascule)
install(EXPORT basculeTargets NAMESPACE bascule:: DESTINATION ${package_dir})
configure_package_config_file(cmake/basculeConfig.cmake.in ${CMAKE_BINARY_DIR}/basculeConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/basculeConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
# Relative to the file itself, so that `cmake --install --prefix` and packages can move it.
file(RELATIVE_PATH BASCULE_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/bascule.pc.in ${CMAKE_BINARY_DIR}/bascule.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/basculeConfig.cmake ${CMAKE_BINARY_DIR}/basculeConfigVersion.cmake
        DESTINATION ${package_dir})
install(FILES ${CMAKE_BINARY_DIR}/bascule.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
