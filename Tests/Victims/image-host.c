// A process into which the tests load linked images by themselves: it maps, writes and calls as it is told.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int host_numbers[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
const char *host_text = "the host's own text";
__thread uint64_t host_tls = 0x1000000000000007;
__thread uint32_t host_tls_array[8] = {1, 2, 3, 5, 8, 13, 21, 34};
uint64_t host_helper(uint64_t n);
__attribute__((noinline, aligned(16))) uint64_t host_helper(uint64_t n) { return n * 2654435761u + 11; }

// What the tests patch: an entry of long instructions whose address and bytes they know.
__asm__(".text\n.globl host_patched\n.type host_patched, @function\n.p2align 5\nhost_patched:\n"
        "  movabs $0x1111111111111111, %rax\n  add %rdi, %rax\n  lea 5(%rax), %rax\n  ret\n"
        ".size host_patched, .-host_patched\n");
uint64_t host_patched(uint64_t n);

static int first(struct dl_phdr_info *info, size_t size, void *out) {
  (void)size;
  *(uint64_t *)out = info->dlpi_addr;
  return 1;
}

int main(void) {
  char line[4096], word[16][512];
  setvbuf(stdout, 0, _IOLBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    int count = sscanf(line, "%511s %511s %511s %511s %511s %511s", word[0], word[1], word[2], word[3], word[4], word[5]);
    uint64_t number[6] = {0};
    for (int i = 1; i < count && i < 6; i++) number[i] = strtoull(word[i], 0, 16);
    if (count < 1) { puts("what?"); continue; }
    if (!strcmp(word[0], "bias")) {
      uint64_t bias = 0;
      dl_iterate_phdr(first, &bias);
      printf("%llx\n", (unsigned long long)bias);
    } else if (!strcmp(word[0], "symbol")) {
      printf("%llx\n", (unsigned long long)(uintptr_t)dlsym(RTLD_DEFAULT, word[1]));
    } else if (!strcmp(word[0], "load")) {  // load FILE ADDRESS SIZE
      FILE *file = fopen(word[1], "r");
      void *at = mmap((void *)number[2], number[3], PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (!file || at != (void *)number[2] || fread(at, 1, number[3], file) != number[3]) puts("no");
      else puts("yes");
      if (file) fclose(file);
    } else if (!strcmp(word[0], "protect")) {  // protect ADDRESS SIZE PROTECTION
      puts(mprotect((void *)number[1], number[2], (int)number[3]) ? "no" : "yes");
    } else if (!strcmp(word[0], "call")) {  // call ADDRESS ARGUMENT
      printf("%llx\n", (unsigned long long)((uint64_t(*)(uint64_t))number[1])(number[2]));
    } else if (!strcmp(word[0], "compare")) {  // compare A B COUNT: the first argument on which two functions differ
      uint64_t n = 0, a = 0, b = 0;
      for (; n < number[3]; n++) {
        a = ((uint64_t(*)(uint64_t))number[1])(n);
        b = ((uint64_t(*)(uint64_t))number[2])(n);
        if (a != b) break;
      }
      if (n == number[3]) puts("same");
      else printf("at %llu: %llx and %llx\n", (unsigned long long)n, (unsigned long long)a, (unsigned long long)b);
    } else if (!strcmp(word[0], "poke")) {  // poke ADDRESS VALUE
      *(volatile uint64_t *)number[1] = number[2];
      puts("yes");
    } else if (!strcmp(word[0], "write")) {  // write ADDRESS HEXADECIMAL: into code
      uint8_t *at = (uint8_t *)number[1];
      void *page = (void *)(number[1] & ~4095ull);
      if (mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC)) { puts("no"); continue; }
      for (size_t i = 0; i + 1 < strlen(word[2]); i += 2) {
        char two[3] = {word[2][i], word[2][i + 1], 0};
        at[i / 2] = (uint8_t)strtoul(two, 0, 16);
      }
      puts("yes");
    } else {
      puts("what?");
    }
  }
  return 0;
}
