# The CUDA kernels: compiled by nvcc to one fatbin per family and embedded, or, where there is no
# nvcc, left out (src/devices/no_cuda). Nothing of CUDA is linked; CMake's own CUDA language would
# link the runtime, so nvcc is called as any other tool.
option(BASCULE_CUDA "Compile the CUDA kernels where nvcc is found" ON)
set(BASCULE_CUDA_ARCHITECTURES "80;90;90a" CACHE STRING
    "Compute capabilities to compile for, the least first; 90 and the last number also as PTX")

function(bascule_embed_cuda_kernels target)
  file(GLOB stub CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/devices/no_cuda/*.cpp)
  if(BASCULE_CUDA)
    find_program(BASCULE_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin PATHS /usr/local/cuda/bin)
  endif()
  if(NOT BASCULE_CUDA OR NOT BASCULE_NVCC)
    message(STATUS "CUDA kernels: none")
    target_sources(${target} PRIVATE ${stub})
    return()
  endif()
  execute_process(COMMAND ${BASCULE_NVCC} --version OUTPUT_VARIABLE text)
  string(REGEX MATCH "release ([0-9]+)\\.([0-9]+)" found "${text}")
  math(EXPR toolkit "1000 * ${CMAKE_MATCH_1} + 10 * ${CMAKE_MATCH_2}")
  message(STATUS "CUDA kernels: nvcc ${CMAKE_MATCH_1}.${CMAKE_MATCH_2} for ${BASCULE_CUDA_ARCHITECTURES}")

  set(gencode "")
  foreach(capability ${BASCULE_CUDA_ARCHITECTURES})
    list(APPEND gencode -gencode arch=compute_${capability},code=sm_${capability})
  endforeach()
  list(GET BASCULE_CUDA_ARCHITECTURES 0 least)
  # PTX is what drivers compile for GPUs that are not listed: later ones, and with 90 those between.
  # That of 90a is for no other.
  set(numbers ${BASCULE_CUDA_ARCHITECTURES})
  list(FILTER numbers EXCLUDE REGEX "[a-z]")
  list(GET numbers -1 last)
  set(portable ${last})
  if(90 IN_LIST numbers AND NOT last EQUAL 90)
    list(APPEND portable 90)
  endif()
  foreach(capability ${portable})
    list(APPEND gencode -gencode arch=compute_${capability},code=compute_${capability})
  endforeach()
  set(strict "")
  if(BASCULE_WERROR)
    set(strict -Werror all-warnings)
  endif()

  set(assembly "")
  set(declarations "")
  set(entries "")
  set(fatbins "")
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/devices/cuda/device/*.cu)
  foreach(source ${sources})
    get_filename_component(family ${source} NAME_WE)
    set(fatbin ${CMAKE_BINARY_DIR}/generated/cuda/${family}.fatbin)
    add_custom_command(OUTPUT ${fatbin}
      COMMAND ${BASCULE_NVCC} -fatbin -std=c++20 -O3 --expt-relaxed-constexpr ${strict} ${gencode}
              -I${PROJECT_SOURCE_DIR}/src -I${PROJECT_SOURCE_DIR}/include -MD -MF ${fatbin}.d
              -o ${fatbin} ${source}
      DEPENDS ${source} DEPFILE ${fatbin}.d COMMENT "Compiling CUDA kernels ${family}" VERBATIM)
    list(APPEND fatbins ${fatbin})
    string(APPEND assembly "bascule_cuda_${family}: .incbin \\\"${fatbin}\\\"\\n.balign 16\\n")
    string(APPEND declarations "extern \"C\" const unsigned char bascule_cuda_${family}[];\n")
    string(APPEND entries "    {\"${family}\", bascule_cuda_${family}},\n")
  endforeach()
  set(embedded ${CMAKE_BINARY_DIR}/generated/cuda_images.cpp)
  file(CONFIGURE OUTPUT ${embedded} @ONLY CONTENT
"// Made by cmake/cuda.cmake.
#include \"devices/cuda/images.h\"
asm(\".pushsection .rodata\\n.balign 16\\n@assembly@.popsection\\n\");
@declarations@namespace bascule::cuda {
const Images& kernel_images() {
  static const Image all[] = {
@entries@  };
  static const Images images{all, @toolkit@, @least@};
  return images;
}
}  // namespace bascule::cuda
")
  set_source_files_properties(${embedded} PROPERTIES OBJECT_DEPENDS "${fatbins}")
  target_sources(${target} PRIVATE ${embedded})
endfunction()
