# Mutates valid model files in process: safetensors_fuzz --count N --seed S.
add_executable(safetensors_fuzz ${CMAKE_CURRENT_LIST_DIR}/safetensors_fuzz.cpp)
target_include_directories(safetensors_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(safetensors_fuzz PRIVATE bascule::bascule bascule_options fmt::fmt
                                               nlohmann_json::nlohmann_json)
