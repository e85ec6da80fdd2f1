# The few functions that every folder uses.

add_library(therapy_flags INTERFACE)
target_compile_definitions(therapy_flags INTERFACE _GNU_SOURCE)
target_compile_options(therapy_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wvla -Wundef -Wformat=2 -Wnull-dereference
  -fstack-protector-strong -fno-strict-aliasing)
# clang says these two of what the macros of protobuf-c and json-c expand to; gcc says them of our own lines only.
target_compile_options(therapy_flags INTERFACE $<$<C_COMPILER_ID:Clang>:-Wno-cast-qual -Wno-gnu-statement-expression>)
if(THERAPY_WERROR)
  target_compile_options(therapy_flags INTERFACE -Werror)
endif()
if(THERAPY_SANITIZE)
  add_compile_options(-fsanitize=${THERAPY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${THERAPY_SANITIZE})
endif()

# What a plugin compiles against: the one public header. Those who build outside of this tree find it as
# TherapyGateway::plugin (cmake/TherapyGatewayConfig.cmake.in).
add_library(therapy_plugin INTERFACE)
add_library(therapy::plugin ALIAS therapy_plugin)
add_library(TherapyGateway::plugin ALIAS therapy_plugin)
target_include_directories(therapy_plugin INTERFACE ${CMAKE_SOURCE_DIR}/gateway/include)
include(TherapyPlugin)

# therapy_library(NAME SOURCES... LINK targets...): one static library per folder of gateway/, with the tests that
# stand beside its sources.
function(therapy_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(therapy_${name} STATIC ${arg_SOURCES})
  target_include_directories(therapy_${name} PUBLIC ${CMAKE_SOURCE_DIR}/gateway)
  target_link_libraries(therapy_${name} PUBLIC therapy::plugin ${arg_LINK} PRIVATE therapy_flags)
endfunction()

# The programs labelled `bridge`: where Paho's threads meet the loop, tested under TSan as well.
add_custom_target(bridge_tests)

# therapy_test(NAME SOURCES... LINK targets... [LABELS ...]): a cmocka program.
function(therapy_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/gateway)
  target_link_libraries(${name} PRIVATE ${arg_LINK} PkgConfig::cmocka therapy_flags)
  add_test(NAME ${name} COMMAND ${name})
  if("bridge" IN_LIST arg_LABELS)
    add_dependencies(bridge_tests ${name})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# therapy_own_plugin(NAME SOURCES... LINK targets...): a plugin of this tree, under this tree's warnings, in
# build/plugins. Its tests are in tests/codecs.
function(therapy_own_plugin name)
  set(THERAPY_PLUGIN_TOOL "")
  therapy_add_plugin(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  target_link_libraries(${name} PRIVATE therapy_flags)
endfunction()
