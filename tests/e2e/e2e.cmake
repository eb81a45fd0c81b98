# End to end: pytest drives the program as a user would, against an installed copy of the library.
# The distribution's interpreter: it is the one that has pytest, NumPy and SciPy installed by
# scripts/install-deps.
set(BASCULE_PYTEST /usr/bin/python3 -m pytest)
if(NOT BASCULE_SANITIZE)
  add_test(NAME e2e COMMAND ${BASCULE_PYTEST} -q -p no:cacheprovider ${CMAKE_CURRENT_LIST_DIR})
  set_tests_properties(e2e PROPERTIES LABELS e2e TIMEOUT 900 COST 1000  # the longest begins first
    ENVIRONMENT "BASCULE=$<TARGET_FILE:bascule_cli>;BASCULE_BUILD=${CMAKE_BINARY_DIR};BASCULE_SOURCE=${PROJECT_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1")
endif()
