// A multi-threaded program to observe and to patch, driven by lines on standard input (see Tests/VictimKit/Victim.swift).
//
// Every answer is one line. It ends when its standard input ends, so it never outlives the test that started it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noipa))

// Makes builds differ: the build-id covers what is loaded.
#ifndef NAME
#define NAME "service"
#endif
__attribute__((used)) const char built_as[] = NAME;

// The value to patch.
volatile int verbosity = 2;
// One that nothing outside this file can name.
static volatile long hidden_limit = 1000;

static FUNCTION int static_answer(int x) { return x + hidden_limit > 0 ? x * 2 + 1 : -1; }
FUNCTION int exported_answer(int x) { return x * 3 + verbosity; }
FUNCTION size_t exported_length(const char *text) { return strlen(text) + (size_t)(verbosity - verbosity); }

static atomic_long calls, wrong;
static atomic_int stopping;

static void *work(void *unused) {
  (void)unused;
  for (int i = 0; !atomic_load_explicit(&stopping, memory_order_relaxed); i = (i + 1) & 0xffff) {
    if (static_answer(i) != i * 2 + 1) atomic_fetch_add(&wrong, 1);
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  }
  return NULL;
}

static void *sleeping(void *unused) {
  (void)unused;
  for (;;) pause();
}

static int start(int count, void *(*body)(void *)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, body, NULL) != 0) return i;
    pthread_detach(thread);
  }
  return count;
}

int main(int argc, char **argv) {
  char line[4096];
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    char command[64] = "", text[4000] = "";
    long number = 0;
    line[strcspn(line, "\n")] = 0;
    sscanf(line, "%63s %3999[^\n]", command, text);
    number = strtol(text, NULL, 0);
    if (!strcmp(command, "static")) printf("%d\n", static_answer((int)number));
    else if (!strcmp(command, "exported")) printf("%d\n", exported_answer((int)number));
    else if (!strcmp(command, "length")) printf("%zu\n", exported_length(text));
    else if (!strcmp(command, "value")) printf("%d\n", verbosity);
    else if (!strcmp(command, "set")) { verbosity = (int)number; printf("%d\n", verbosity); }
    else if (!strcmp(command, "limit")) printf("%ld\n", hidden_limit);
    else if (!strcmp(command, "busy")) printf("%d\n", start((int)number, work));
    else if (!strcmp(command, "sleepers")) printf("%d\n", start((int)number, sleeping));
    else if (!strcmp(command, "calls")) printf("%ld\n", atomic_load(&calls));
    else if (!strcmp(command, "wrong")) printf("%ld\n", atomic_load(&wrong));
    else if (!strcmp(command, "address")) {
      void *place = !strcmp(text, "static_answer") ? (void *)static_answer
          : !strcmp(text, "exported_answer") ? (void *)exported_answer
          : !strcmp(text, "verbosity") ? (void *)&verbosity
          : !strcmp(text, "hidden_limit") ? (void *)&hidden_limit : NULL;
      printf("%p\n", place);
    }
    // Becomes another program, under the same process number.
    else if (!strcmp(command, "exec")) { execl(text, text, (char *)NULL); puts("exec failed"); }
    else if (!strcmp(command, "dlopen")) puts(dlopen(text, RTLD_NOW) ? "opened" : dlerror());
    // What the dynamic linker itself answers: `symbol memcpy GLIBC_2.14`, or without a version.
    else if (!strcmp(command, "symbol")) {
      char *version = strchr(text, ' ');
      if (version) *version++ = 0;
      printf("%p\n", version ? dlvsym(RTLD_DEFAULT, text, version) : dlsym(RTLD_DEFAULT, text));
    }
    else if (!strcmp(command, "dlmopen")) puts(dlmopen(LM_ID_NEWLM, text, RTLD_NOW) ? "opened" : dlerror());
    // A memory file of some name, mapped as text, as data or only to be read: `memfd x lpreconcile:fix`.
    else if (!strcmp(command, "memfd")) {
      int file = memfd_create(text + 2, 0);
      int protection = text[0] == 'x' ? PROT_READ | PROT_EXEC : text[0] == 'w' ? PROT_READ | PROT_WRITE : PROT_READ;
      if (ftruncate(file, 4096)) puts("no memory file");
      printf("%p\n", mmap(NULL, 4096, protection, MAP_PRIVATE, file, 0));
      close(file);
    }
    else if (!strcmp(command, "arguments")) {
      for (int i = 0; i < argc; i++) printf(i ? " %s" : "%s", argv[i]);
      puts("");
    }
    else printf("unknown command %s\n", command);
  }
  atomic_store(&stopping, 1);
  return 0;
}
