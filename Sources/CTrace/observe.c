#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Mirrors the kernel's struct procmap_query: the ioctl's number holds its size.
_Static_assert(sizeof(struct observe_procmap_query) == 104, "struct procmap_query");
_Static_assert(offsetof(struct observe_procmap_query, vma_name_size) == 80, "struct procmap_query");
_Static_assert(offsetof(struct observe_procmap_query, build_id_addr) == 96, "struct procmap_query");
#define OBSERVE_PROCMAP_QUERY _IOWR('f', 17, struct observe_procmap_query)

_Static_assert(sizeof(struct observe_page_region) == 24, "struct page_region");
_Static_assert(sizeof(struct observe_pagemap_scan) == 96, "struct pm_scan_arg");
_Static_assert(offsetof(struct observe_pagemap_scan, return_mask) == 88, "struct pm_scan_arg");
#define OBSERVE_PAGEMAP_SCAN _IOWR('f', 16, struct observe_pagemap_scan)

// 0, or errno when a call has answered -1.
static int failure(long result) { return result < 0 ? errno : 0; }

// The same for a call that answers a count.
static int counted(ssize_t result, size_t *done) {
  *done = result < 0 ? 0 : (size_t)result;
  return failure(result);
}

int observe_open(int directory, const char *path, int flags, int *descriptor) {
  *descriptor = openat(directory, path, flags | O_CLOEXEC);
  return failure(*descriptor);
}

int observe_open_resolving(int directory, const char *path, uint64_t flags, uint64_t resolve, int *descriptor) {
  struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
  *descriptor = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
  return failure(*descriptor);
}

int observe_read(int descriptor, void *buffer, size_t count, size_t *done) {
  return counted(read(descriptor, buffer, count), done);
}

int observe_pread(int descriptor, void *buffer, size_t count, uint64_t offset, size_t *done) {
  return counted(pread(descriptor, buffer, count, (off_t)offset), done);
}

int observe_pwrite(int descriptor, const void *buffer, size_t count, uint64_t offset, size_t *done) {
  return counted(pwrite(descriptor, buffer, count, (off_t)offset), done);
}

int observe_readlink(int directory, const char *path, char *buffer, size_t size, size_t *done) {
  return counted(readlinkat(directory, path, buffer, size), done);
}

int observe_stat(int directory, const char *path, int flags, struct observe_file *file) {
  struct stat status = {0};
  int error = failure(fstatat(directory, path, &status, flags));
  *file = (struct observe_file){
      .device = status.st_dev, .inode = status.st_ino, .links = status.st_nlink, .size = (uint64_t)status.st_size,
      .mode = status.st_mode, .owner = status.st_uid};
  return error;
}

int observe_directory_entries(int descriptor, void *buffer, size_t size, size_t *done) {
  return counted(syscall(SYS_getdents64, descriptor, buffer, size), done);
}

int observe_process_readv(pid_t pid, const struct iovec *local, size_t local_count, const struct iovec *remote,
    size_t remote_count, size_t *done) {
  return counted(process_vm_readv(pid, local, local_count, remote, remote_count, 0), done);
}

int observe_pidfd_open(pid_t pid, int *descriptor) {
  *descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
  return failure(*descriptor);
}

int observe_pidfd_signal(int descriptor, int signal) {
  return failure(syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0));
}

int observe_procmap_query(int descriptor, struct observe_procmap_query *query) {
  return failure(ioctl(descriptor, OBSERVE_PROCMAP_QUERY, query));
}

int observe_pagemap_scan(int descriptor, struct observe_pagemap_scan *scan, size_t *count) {
  return counted(ioctl(descriptor, OBSERVE_PAGEMAP_SCAN, scan), count);
}

int observe_kcmp(pid_t a, pid_t b, int type, unsigned long index_a, unsigned long index_b, int *order) {
  *order = (int)syscall(SYS_kcmp, a, b, type, index_a, index_b);
  return failure(*order);
}

int observe_memory_file(int *descriptor) {
  *descriptor = memfd_create("lpreconcile-probe", MFD_CLOEXEC);
  return failure(*descriptor);
}
