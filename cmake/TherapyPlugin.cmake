# therapy_add_plugin(NAME SOURCES... [LINK targets...] [VECTORS files...]): a loadable device plugin, NAME.so, whose one
# visible symbol is therapy_plugin. It is installed where the gateway looks for plugins by name, and tested with
# `therapy-plugin check` and its vectors where that program is.
#
# One mechanism for the plugins of the gateway itself and for yours: the gateway's own build includes this file, too, and
# an installation brings it along as a part of the package TherapyGateway. What differs is said by these variables:
#   THERAPY_PLUGIN_INSTALL_DIR  where plugins go; relative to the prefix, or absolute
#   THERAPY_PLUGIN_TOOL         the program therapy-plugin; empty or not found: there is no test
# Only C is needed.
function(therapy_add_plugin name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;VECTORS" ${ARGN})
  add_library(${name} MODULE ${arg_SOURCES} ${arg_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden)
  if(NOT CMAKE_C_STANDARD)
    set_target_properties(${name} PROPERTIES C_STANDARD 11)
  endif()
  target_link_libraries(${name} PRIVATE TherapyGateway::plugin ${arg_LINK} m)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wconversion)
  if(THERAPY_PLUGIN_INSTALL_DIR)
    install(TARGETS ${name} LIBRARY DESTINATION ${THERAPY_PLUGIN_INSTALL_DIR})
  endif()
  if(THERAPY_PLUGIN_TOOL)
    list(TRANSFORM arg_VECTORS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    add_test(NAME ${name}_check COMMAND ${THERAPY_PLUGIN_TOOL} check $<TARGET_FILE:${name}> ${arg_VECTORS})
    set_tests_properties(${name}_check PROPERTIES TIMEOUT 120)
  endif()
endfunction()
