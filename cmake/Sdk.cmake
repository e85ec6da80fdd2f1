# What an installation brings along for who writes a plugin elsewhere: a CMake package and a pkg-config file. The header
# is installed by gateway/, the programs by their folders, the .proto files by proto/, the documents by docs/.
#
# Both find everything from where they lie, so that an installation may be moved, or made for another prefix.
include(CMakePackageConfigHelpers)
file(STRINGS ${CMAKE_SOURCE_DIR}/gateway/include/therapy/plugin.h line REGEX "^#define THERAPY_ABI ")
string(REGEX REPLACE "^#define THERAPY_ABI ([0-9]+)u$" "\\1" THERAPY_ABI "${line}")

set(INCLUDE_DIR ${CMAKE_INSTALL_INCLUDEDIR})
set(PLUGIN_DIR ${CMAKE_INSTALL_LIBDIR}/therapy-gateway)
set(PROTO_DIR ${CMAKE_INSTALL_DATADIR}/therapy-gateway/proto)
set(TOOL ${CMAKE_INSTALL_BINDIR}/therapy-plugin)
set(to ${CMAKE_INSTALL_LIBDIR}/cmake/TherapyGateway)
configure_package_config_file(cmake/TherapyGatewayConfig.cmake.in ${CMAKE_BINARY_DIR}/sdk/TherapyGatewayConfig.cmake
  INSTALL_DESTINATION ${to} PATH_VARS INCLUDE_DIR PLUGIN_DIR PROTO_DIR TOOL)
# One header: it is the same for every processor.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/sdk/TherapyGatewayConfigVersion.cmake
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/sdk/TherapyGatewayConfig.cmake
  ${CMAKE_BINARY_DIR}/sdk/TherapyGatewayConfigVersion.cmake cmake/TherapyPlugin.cmake DESTINATION ${to})

file(RELATIVE_PATH PREFIX_FROM_PC ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/therapy-plugin.pc.in ${CMAKE_BINARY_DIR}/sdk/therapy-plugin.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/sdk/therapy-plugin.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The template, to be read; `therapy-plugin new` makes one's own of it.
install(DIRECTORY plugins/template DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples USE_SOURCE_PERMISSIONS
  PATTERN "__pycache__" EXCLUDE)
