// A shared library to observe and to patch.
#include <stdlib.h>
#include <string.h>

#define FUNCTION __attribute__((noinline, noipa, visibility("default")))

int library_value = 5;
static FUNCTION int hidden_part(int x) { return x + library_value; }
FUNCTION int library_answer(int x) { return hidden_part(x) * 2; }
FUNCTION size_t library_length(const char *text) { return strlen(text); }
FUNCTION void *library_allocate(size_t size) { return malloc(size); }
