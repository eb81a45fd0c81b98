# The direction of #include lines between rooms, and the proof that the check can fail.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME include_direction
         COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/scripts/check-includes ${PROJECT_SOURCE_DIR})
add_test(NAME include_direction_self_test
         COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/scripts/check-includes --self-test)
set_tests_properties(include_direction include_direction_self_test PROPERTIES LABELS structure)
