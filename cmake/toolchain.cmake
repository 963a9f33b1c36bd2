# SPDX-License-Identifier: Apache-2.0
# Compiler, linker and cache settings shared by every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are kept as well, some 50 MB each; paths inside of the tree don't matter.
  set(slipway_launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_MAXSIZE=10G
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${slipway_launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${slipway_launcher})
endif()
find_program(MOLD mold)
if(MOLD AND NOT SLIPWAY_SANITIZE)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these three inside the standard library and coroutines.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
endif()
if(SLIPWAY_PRECOMPILED AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Out of a precompiled header GCC 12 takes the standard library for our own code, and warns of what can't happen there.
  add_compile_options(-Wno-array-bounds)
endif()
add_compile_options($<$<COMPILE_LANGUAGE:C>:-Wno-old-style-cast>)
add_link_options(-Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)

if(SLIPWAY_SANITIZE)
  # ASan and UBSan compile twice as fast unoptimised, and then nothing is optimised away from under them. Threads
  # and fuzzers need speed to find anything.
  if(SLIPWAY_SANITIZE STREQUAL "address,undefined")
    set(slipway_sanitized_level -O0)
  else()
    set(slipway_sanitized_level -O1)
  endif()
  add_compile_options(-fsanitize=${SLIPWAY_SANITIZE} -g1 ${slipway_sanitized_level} $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=${SLIPWAY_SANITIZE})
  add_compile_definitions(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
endif()
# Coroutines only: the concrete executor is named everywhere (see src/rt/README.md).
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(NOT SLIPWAY_SANITIZE)
  # A call is a dozen coroutine frames deep; Asio keeps two for reuse unless told otherwise, the rest go to malloc.
  add_compile_definitions(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)
endif()
