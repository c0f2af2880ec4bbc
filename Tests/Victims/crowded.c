// A program with no room around it: everything within some 2 GiB of its code is reserved, so that no near branch from it
// reaches memory that a patch could have.
//
//     call N     what the patched function answers
//     large N    what a function answers that has no room for a longer branch
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define AROUND 0x90000000UL

volatile long factor = 3;

// 15 bytes, with an operand that is relative to where it stands.
__asm__(
    ".text\n"
    ".globl scaled\n"
    ".type scaled, @function\n"
    ".p2align 6\n"
    "scaled:\n"
    "  .cfi_startproc\n"
    "  push %rbx\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset %rbx, -16\n"
    "  mov %rdi, %rbx\n"
    "  mov factor(%rip), %rax\n"
    "  imul %rbx, %rax\n"
    "  pop %rbx\n"
    "  .cfi_def_cfa_offset 8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size scaled, .-scaled\n"
    // A call returns into what a branch of 14 bytes would overwrite.
    ".globl wrapped\n"
    ".type wrapped, @function\n"
    ".p2align 6\n"
    "wrapped:\n"
    "  .cfi_startproc\n"
    "  sub $8, %rsp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  call scaled\n"
    "  add $8, %rsp\n"
    "  .cfi_def_cfa_offset 8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size wrapped, .-wrapped\n");
long scaled(long), wrapped(long);

static struct { unsigned long start, end; } gaps[4096];

int main(void) {
  char line[512];
  int count = 0;
  unsigned long code = (unsigned long)scaled, last = 0x10000, start, end;
  unsigned long low = code > AROUND ? code - AROUND : 0x10000, high = code + AROUND;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (!maps) return 1;
  while (fgets(line, sizeof line, maps) && sscanf(line, "%lx-%lx", &start, &end) == 2) {
    if (start > last && count < 4096) {
      gaps[count].start = last;
      gaps[count++].end = start;
    }
    last = end;
  }
  fclose(maps);
  for (int i = 0; i < count; i++) {
    start = gaps[i].start > low ? gaps[i].start : low & ~4095UL;
    end = gaps[i].end < high ? gaps[i].end : high & ~4095UL;
    // What the C library has mapped meanwhile is as good as a reservation.
    if (start < end)
      mmap((void *)start, end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    long number = strtol(strchr(line, ' ') ? strchr(line, ' ') : "0", NULL, 10);
    printf("%ld\n", line[0] == 'c' ? scaled(number) : wrapped(number));
  }
  return 0;
}
