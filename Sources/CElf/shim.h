#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <libelf.h>

/* Itanium C++ ABI 3.4; <cxxabi.h> declares it for C++ only. */
char *__cxa_demangle(const char *mangled, char *buffer, unsigned long *length, int *status);
