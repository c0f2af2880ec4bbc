internal import CTrace
internal import Glibc

/// Who else traces a thread.
enum OtherTracer {
  /// Why a thread cannot be seized; nil when it is the calling thread that traces it already.
  static func refusal(tid: Int32, pid: Int32) -> TraceRefused? {
    let none = TraceRefused.kernel(call: "ptrace(PTRACE_SEIZE)", errno: EPERM)
    guard let field = ThreadStatus.field("TracerPid", of: "/proc/\(pid)/task/\(tid)"), let tracer = Int32(field) else {
      return none
    }
    if tracer == trace_gettid() { return nil }
    guard tracer != 0 else {
      let scope = ProcText.read("/proc/sys/kernel/yama/ptrace_scope")
      return scope?.hasPrefix("3") == true ? .unsupported("ptrace_scope=3") : none
    }
    // TracerPid names the tracing thread; its process is what a person knows.
    guard let group = ThreadStatus.field("Tgid", of: "/proc/\(tracer)"), let process = Int32(group) else { return none }
    let name = ThreadStatus.field("Name", of: "/proc/\(process)").map(String.init) ?? ""
    return name == "lpreconcile" || process == getpid()
      ? .anotherReconciler(pid: process) : .traced(by: process, name: name)
  }
}
