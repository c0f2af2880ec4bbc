// The floor of discovery: a loop over /proc that asks the kernel for every executable mapping and its build-id.
//
//   floor-discover BUILD-ID     -> how many processes map it, how many were looked at, and nanoseconds
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

// linux/fs.h since 6.11.
struct query {
  uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
  uint32_t major, minor, name_size, build_id_size;
  uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)
enum { EXECUTABLE = 4, COVERING_OR_NEXT = 16, FILE_BACKED = 32 };

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int count, char **arguments) {
  if (count < 2) return 64;
  uint64_t start = now();
  DIR *directory = opendir("/proc");
  if (!directory) return 1;
  int found = 0, looked = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/maps", entry->d_name);
    int maps = open(path, O_RDONLY | O_CLOEXEC);
    if (maps < 0) continue;
    looked++;
    int matches = 0;
    for (uint64_t address = 0;;) {
      unsigned char id[64];
      struct query query = {.size = sizeof query, .flags = EXECUTABLE | FILE_BACKED | COVERING_OR_NEXT,
          .address = address, .build_id = (uintptr_t)id, .build_id_size = sizeof id};
      if (ioctl(maps, QUERY, &query) != 0) break;
      char text[2 * sizeof id + 1] = "";
      for (uint32_t i = 0; i < query.build_id_size; i++) sprintf(text + 2 * i, "%02x", id[i]);
      if (!strcmp(text, arguments[1])) matches = 1;
      address = query.end;
    }
    found += matches;
    close(maps);
  }
  closedir(directory);
  printf("%d %d %lu\n", found, looked, now() - start);
}
