// What C makes compilers emit relocations for. Compiled twice: into the host as the reference (-DNAME(x)=reference_##x), and as
// the replacement that the linker under test links. Each function gives the same number for the same argument in both.
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NAME
#define NAME(x) replacement_##x
#endif

extern int host_numbers[16];
extern const char *host_text;
extern __thread uint64_t host_tls;
extern __thread uint32_t host_tls_array[8];
uint64_t host_helper(uint64_t n);
#if defined(HIDDEN_TLS)
extern __thread uint64_t host_tls __attribute__((visibility("hidden")));
extern __thread uint32_t host_tls_array[8] __attribute__((visibility("hidden")));
#endif

// A jump table, and one of string literals.
uint64_t NAME(jump_table)(uint64_t n) {
  switch (n % 13) {
  case 0: return n + 7;
  case 1: return host_helper(n);
  case 2: return n * 3;
  case 3: return n ^ 0x5555;
  case 4: return n << 2;
  case 5: return ~n;
  case 6: return n / 3;
  case 7: return host_helper(n) + 1;
  case 8: return n - 19;
  case 9: return n | 1;
  case 10: return n & 0xf0f0;
  default: return 42;
  }
}

static const char *word(uint64_t n) {
  switch (n % 9) {
  case 0: return "zero";
  case 1: return "one word";
  case 2: return "and two words";
  case 3: return "three";
  case 4: return "four, with a longer text than the others have";
  case 5: return "five";
  case 6: return "";
  case 7: return "seven";
  default: return "many";
  }
}

uint64_t NAME(strings)(uint64_t n) {
  char text[128];
  const char *from = word(n);
  strcpy(text, from);
  strcat(text, "one word");
  uint64_t hash = 5381;
  for (size_t i = 0; i < strlen(text); i++) hash = hash * 33 + (unsigned char)text[i];
  return hash + (uint64_t)strcmp(text, "zeroone word") * 0 + strlen(host_text);
}

// .data, .bss and a common variable (-fcommon), each with state from call to call.
static uint64_t initialised = 0x1122334455667788;
static uint64_t counter;
static uint8_t buffer[3000];
int NAME(common)[5];

uint64_t NAME(statics)(uint64_t n) {
  static uint64_t calls = 3;
  calls++;
  counter += n;
  buffer[n % sizeof buffer] += (uint8_t)calls;
  NAME(common)[n % 5] += (int)n;
  initialised = initialised * 31 + calls;
  return initialised + counter + buffer[n % 100] + (uint64_t)NAME(common)[(n + 1) % 5];
}

// Constants of .rodata: double, float, long double, vectors.
typedef float vector __attribute__((vector_size(16)));

uint64_t NAME(doubles)(uint64_t n) {
  double x = (double)(n % 1000) * 3.25 + 0.1;
  float f = (float)x * 1.5f - 2.75f;
  long double l = (long double)x * 1.0000000001L;
  vector v = {1.5f, 2.5f, 3.5f, 4.5f};
  v = v * (vector){f, f, f, f} + (vector){0.5f, 0.25f, 0.125f, 1.0f};
  double r = -x + fabs(x - 100.0) + (double)v[0] + (double)v[3] + (double)l;
  if (r > 1e15 || r < -1e15) return 0;
  return (uint64_t)(int64_t)(r * 16.0);
}

// Thread-local variables of the host, an address of one, and errno.
uint64_t NAME(thread_local)(uint64_t n) {
  uint64_t before = host_tls;
  host_tls = before + n;
  uint32_t *middle = &host_tls_array[n % 8];
  uint64_t seen = host_tls + *middle + host_tls_array[3];
  host_tls = before;
  errno = (int)(n % 100);
  return seen + (uint64_t)errno;
}

// Variable arguments, ours and the library's.
static uint64_t sum(int count, ...) {
  va_list list;
  va_start(list, count);
  uint64_t total = 0;
  for (int i = 0; i < count; i++) total += i % 2 ? (uint64_t)va_arg(list, double) : va_arg(list, uint64_t);
  va_end(list);
  return total;
}

uint64_t NAME(variable_arguments)(uint64_t n) {
  char text[64];
  int length = snprintf(text, sizeof text, "%llu-%s-%.2f", (unsigned long long)n, word(n), (double)n / 4);
  return sum(10, n, 1.0, n + 1, 2.0, n + 2, 3.0, n + 3, 4.0, n + 4, 5.0) * 1000 + (uint64_t)length;
}

// Large structures by value and returned.
struct large { uint64_t words[20]; double d; char name[13]; };

static __attribute__((noinline)) struct large twist(struct large a, uint64_t n) {
  for (int i = 0; i < 20; i++) a.words[i] = a.words[19 - i] * 3 + n;
  a.d *= 0.5;
  memmove(a.name + 1, a.name, 11);
  return a;
}

uint64_t NAME(structures)(uint64_t n) {
  static const struct large start = {{1, 2, 3, 5, 8, 13}, 2.5, "structure"};
  struct large a = twist(twist(start, n), n + 1);
  uint64_t total = (uint64_t)(a.d * 100) + (unsigned char)a.name[3];
  for (int i = 0; i < 20; i++) total = total * 7 + a.words[i];
  return total;
}

// Tables of pointers to functions and data (.data.rel.ro), and a callback into us from the library.
static uint64_t add(uint64_t n) { return n + 1; }
static uint64_t twice(uint64_t n) { return n * 2; }
static uint64_t (*const operations[])(uint64_t) = {add, twice, host_helper, NAME(jump_table)};
static const char *const words[] = {"alpha", "beta", "gamma"};
static int *const places[] = {&host_numbers[0], &host_numbers[5], host_numbers + 15};
static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

uint64_t NAME(tables)(uint64_t n) {
  int numbers[8];
  for (int i = 0; i < 8; i++) numbers[i] = (int)((n * 7919 + (uint64_t)i * 104729) % 1000);
  qsort(numbers, 8, sizeof numbers[0], by_value);
  return operations[n % 4](n) + strlen(words[n % 3]) + (uint64_t)*places[n % 3] + (uint64_t)numbers[n % 8];
}

// Labels as values.
uint64_t NAME(computed_goto)(uint64_t n) {
  static const void *const labels[] = {&&a, &&b, &&c};
  uint64_t total = n;
  for (int i = 0; i < 5; i++) {
    goto *labels[(total + (uint64_t)i) % 3];
  a:
    total += 5;
    continue;
  b:
    total *= 3;
    continue;
  c:
    total ^= 0xff;
  }
  return total;
}

// A weak function that nothing defines, and one that something does.
extern uint64_t nobody_defines_this(uint64_t) __attribute__((weak));
extern int atoi(const char *) __attribute__((weak));

uint64_t NAME(weak)(uint64_t n) {
  if (nobody_defines_this) return nobody_defines_this(n);
#ifdef __PIC__
  // Without -fPIC or -fPIE the address of a library's function does not fit, which is refused by name.
  if (!atoi) return 1;
#endif
  return (uint64_t)atoi("123") + n;
}

// Recursion, tail calls, and a large frame.
uint64_t NAME(recursion)(uint64_t n) {
  volatile uint64_t frame[600];
  frame[n % 600] = n;
  return n % 64 == 0 ? frame[0] * 0 + 1 : NAME(recursion)(n - 1) + frame[n % 600];
}

// Memory functions that compilers call by themselves.
uint64_t NAME(memory)(uint64_t n) {
  struct { uint8_t bytes[700]; } a, b;
  memset(&a, (int)n, sizeof a);
  b = a;
  b.bytes[n % 700] ^= 1;
  return (uint64_t)(memcmp(&a, &b, sizeof a) != 0) + b.bytes[10];
}
