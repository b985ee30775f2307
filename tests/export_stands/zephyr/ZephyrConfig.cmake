# SPDX-License-Identifier: Apache-2.0
# As much of Zephyr's build as the exports use, for the host: prj.conf becomes CMake variables, each module is added.
project(Zephyr-Kernel LANGUAGES C CXX ASM)
add_library(zephyr_interface INTERFACE)
add_executable(app)
target_link_libraries(app zephyr_interface)

file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/prj.conf settings REGEX "^CONFIG_")
foreach(setting ${settings})
    string(REPLACE "=" ";" pair ${setting})
    list(GET pair 0 name)
    list(GET pair 1 ${name})
endforeach()

function(zephyr_include_directories)
    foreach(folder ${ARGN})
        get_filename_component(folder ${folder} ABSOLUTE)
        target_include_directories(zephyr_interface INTERFACE ${folder})
    endforeach()
endfunction()

macro(zephyr_library_named name)
    set(ZEPHYR_CURRENT_LIBRARY ${name})
    add_library(${name} STATIC)
    target_link_libraries(app ${name})
endmacro()

function(zephyr_library_sources)
    target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()

foreach(module ${ZEPHYR_EXTRA_MODULES})
    file(STRINGS ${module}/zephyr/module.yml lines REGEX "^ +cmake: ")
    string(REGEX REPLACE "^ +cmake: " "" folder "${lines}")
    get_filename_component(name ${module} ABSOLUTE)
    add_subdirectory(${name}/${folder} module)
endforeach()
