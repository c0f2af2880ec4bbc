// Runs the cases of a test program before, through and after a patch that it applies to itself: the image as linked by
// the test, and for each replaced function the branches that lead through its gate and straight to its replacement.
//
//   program addresses NAME…                      the addresses that the test links for, then the results unpatched
//   program IMAGE BASE STATE SITES               the same results in each phase of a switch
//
// SITES has a line for each function: place, gate branch, direct branch ("-" for no gate), all hexadecimal.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void cases(void);
extern char __executable_start[];

struct site { unsigned char *place, gate[16], direct[16], original[16]; int length; };
static struct site sites[64];
static int count;

static int parse(const char *text, unsigned char *bytes) {
  int length = 0;
  unsigned byte;
  for (; sscanf(text, "%2x", &byte) == 1; text += 2) bytes[length++] = byte;
  return length;
}

static void phase(const char *name) {
  printf("== %s\n", name);
  cases();
  fflush(stdout);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  if (argc < 5 || strcmp(argv[1], "addresses") == 0) {
    printf("start %lx\n", (unsigned long)__executable_start);
    for (int i = 2; i < argc; i++) printf("import %s %lx\n", argv[i], (unsigned long)dlsym(RTLD_DEFAULT, argv[i]));
    phase("original");
    return 0;
  }
  int fd = open(argv[1], O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) return 10;
  void *base = (void *)strtoul(argv[2], NULL, 16);
  uint64_t *state = (uint64_t *)strtoul(argv[3], NULL, 16);
  int rwx = PROT_READ | PROT_WRITE | PROT_EXEC, fixed = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
  if (mmap(base, st.st_size, rwx, fixed, fd, 0) != base) return 11;
  if (mmap(state, 4096, PROT_READ | PROT_WRITE, fixed | MAP_ANONYMOUS, -1, 0) != (void *)state) return 12;
  FILE *list = fopen(argv[4], "r");
  unsigned long place;
  char gate[64], direct[64];
  while (list && fscanf(list, "%lx %63s %63s", &place, gate, direct) == 3) {
    struct site *s = &sites[count++];
    s->place = (unsigned char *)place;
    s->length = parse(direct, s->direct);
    if (gate[0] == '-') memcpy(s->gate, s->place, s->length); else parse(gate, s->gate);
    memcpy(s->original, s->place, s->length);
    if (mprotect((void *)(place & ~4095UL), 8192, rwx) != 0) return 13;
  }
  phase("original");
  for (int i = 0; i < count; i++) memcpy(sites[i].place, sites[i].gate, sites[i].length);
  phase("armed");
  *state = 1;
  phase("committed");
  for (int i = 0; i < count; i++) memcpy(sites[i].place, sites[i].direct, sites[i].length);
  phase("settled");
  for (int i = 0; i < count; i++) memcpy(sites[i].place, sites[i].gate, sites[i].length);
  *state = 0;
  phase("reverted");
  for (int i = 0; i < count; i++) memcpy(sites[i].place, sites[i].original, sites[i].length);
  phase("restored");
  return 0;
}
