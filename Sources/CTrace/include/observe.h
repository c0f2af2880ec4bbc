// System calls for reading other processes that Swift's Glibc does not import, or whose errno must be taken at once:
// each makes one call and answers 0 or the errno value.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

// The argument of the ioctl PROCMAP_QUERY on /proc/PID/maps (linux/fs.h since 6.11; Debian 12 has the headers of 6.1).
struct observe_procmap_query {
  uint64_t size;
  uint64_t query_flags;
  uint64_t query_addr;
  uint64_t vma_start;
  uint64_t vma_end;
  uint64_t vma_flags;
  uint64_t vma_page_size;
  uint64_t vma_offset;
  uint64_t inode;
  uint32_t dev_major;
  uint32_t dev_minor;
  uint32_t vma_name_size;
  uint32_t build_id_size;
  uint64_t vma_name_addr;
  uint64_t build_id_addr;
};

enum {
  OBSERVE_VMA_READABLE = 0x01,
  OBSERVE_VMA_WRITABLE = 0x02,
  OBSERVE_VMA_EXECUTABLE = 0x04,
  OBSERVE_VMA_SHARED = 0x08,
  OBSERVE_COVERING_OR_NEXT = 0x10,
  OBSERVE_FILE_BACKED = 0x20,
};

// One stretch of pages, and the argument of the ioctl PAGEMAP_SCAN on /proc/PID/pagemap (linux/fs.h since 6.7).
struct observe_page_region {
  uint64_t start;
  uint64_t end;
  uint64_t categories;
};
struct observe_pagemap_scan {
  uint64_t size;
  uint64_t flags;
  uint64_t start;
  uint64_t end;
  uint64_t walk_end;
  uint64_t regions;
  uint64_t region_count;
  uint64_t page_limit;
  uint64_t category_inverted;
  uint64_t category_mask;
  uint64_t category_anyof_mask;
  uint64_t return_mask;
};

enum {
  OBSERVE_PAGE_IS_FILE = 0x04,
  OBSERVE_PAGE_IS_PRESENT = 0x08,
  OBSERVE_PAGE_IS_SWAPPED = 0x10,
  OBSERVE_PAGE_IS_ZERO = 0x20,
};

// Flags that Glibc's module does not import.
enum { OBSERVE_O_PATH = 010000000, OBSERVE_AT_EMPTY_PATH = 0x1000 };

// What tells one file from another, and whether it still has a name.
struct observe_file {
  uint64_t device;
  uint64_t inode;
  uint64_t links;
  uint64_t size;
  uint32_t mode;
  uint32_t owner;
};

// open is variadic in C; the descriptor is closed on exec.
int observe_open(int directory, const char *_Nonnull path, int flags, int *_Nonnull descriptor);
// openat2 has no wrapper in glibc 2.36.
int observe_open_resolving(
    int directory, const char *_Nonnull path, uint64_t flags, uint64_t resolve, int *_Nonnull descriptor);
int observe_read(int descriptor, void *_Nonnull buffer, size_t count, size_t *_Nonnull done);
int observe_pread(int descriptor, void *_Nonnull buffer, size_t count, uint64_t offset, size_t *_Nonnull done);
int observe_pwrite(int descriptor, const void *_Nonnull buffer, size_t count, uint64_t offset, size_t *_Nonnull done);
int observe_readlink(int directory, const char *_Nonnull path, char *_Nonnull buffer, size_t size, size_t *_Nonnull done);
int observe_stat(int directory, const char *_Nonnull path, int flags, struct observe_file *_Nonnull file);
int observe_directory_entries(int descriptor, void *_Nonnull buffer, size_t size, size_t *_Nonnull done);
// Reads one stretch of local memory's size from several places of another process.
int observe_process_readv(
    pid_t pid, const struct iovec *_Nonnull local, size_t local_count, const struct iovec *_Nonnull remote,
    size_t remote_count, size_t *_Nonnull done);
int observe_pidfd_open(pid_t pid, int *_Nonnull descriptor);
// Signal 0 asks whether the process still runs.
int observe_pidfd_signal(int descriptor, int signal);
int observe_procmap_query(int descriptor, struct observe_procmap_query *_Nonnull query);
// The stretches of pages of some kinds; `count` says how many were found, `walk_end` how far the kernel came.
int observe_pagemap_scan(int descriptor, struct observe_pagemap_scan *_Nonnull scan, size_t *_Nonnull count);
// The order of two kernel objects of two processes; 0 in `order` means that they are one (kcmp(2)).
int observe_kcmp(pid_t a, pid_t b, int type, unsigned long index_a, unsigned long index_b, int *_Nonnull order);
// The device that the kernel keeps memory files on (memfd_create(2)): the file is closed at once.
int observe_memory_file(int *_Nonnull descriptor);
