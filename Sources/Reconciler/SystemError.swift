internal import Glibc

/// Texts for errno values.
package enum SystemError {
  /// What strerror(3) would say, in English, from a table: the C library's own buffer is not safe between threads.
  package static func text(_ errno: Int32) -> String {
    switch errno {
    case EPERM: "operation not permitted"
    case ENOENT: "no such file or directory"
    case ESRCH: "no such process"
    case EINTR: "interrupted"
    case EIO: "input/output error"
    case EAGAIN: "try again"
    case ENOMEM: "out of memory"
    case EACCES: "permission denied"
    case EFAULT: "bad address"
    case EBUSY: "busy"
    case EEXIST: "file exists"
    case ENOTDIR: "not a folder"
    case EISDIR: "is a folder"
    case EINVAL: "invalid argument"
    case EFBIG: "larger than 64 MiB"
    case ENODEV: "a pipe or a device, not a file"
    case EMFILE: "too many open files"
    case ENOSPC: "no space left on device"
    case EROFS: "read-only file system"
    case EPIPE: "broken pipe"
    case ENOSYS: "not implemented by this kernel"
    case ELOOP: "too many symbolic links"
    case ENAMETOOLONG: "name too long"
    default: "error \(errno)"
    }
  }
}
