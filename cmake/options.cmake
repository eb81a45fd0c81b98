# Compiler settings shared by every target of the project, never by its users.
add_library(bascule_options INTERFACE)
target_compile_options(bascule_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wcast-align -Woverloaded-virtual -Wvla
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # false positives on std::string of GCC 12 (its bug 105651)
  $<$<BOOL:${BASCULE_WERROR}>:-Werror>)
# Kernels compiled for several instruction sets give the same bits only without contraction to FMA.
target_compile_options(bascule_options INTERFACE -ffp-contract=off)
# Hardening that costs nothing measurable in the hot loops, which work on raw pointers.
if(NOT BASCULE_SANITIZE)
  target_compile_options(bascule_options INTERFACE -fstack-protector-strong
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  target_link_options(bascule_options INTERFACE -Wl,-z,relro,-z,now)
endif()
if(BASCULE_SANITIZE)
  add_compile_options(-fsanitize=${BASCULE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
                      -D_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${BASCULE_SANITIZE})
endif()
