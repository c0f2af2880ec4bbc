internal import Manifest

/// Which manifests are in force and what this machine allows, for `config`.
package struct ConfigReport: Codable, Equatable, Sendable {
  package var apiVersion = "lpreconcile/v1"
  package var kind = "Config"
  package var formatVersion = Report.currentFormatVersion
  package var tool: String
  package var folders: [Folder]
  package var files: [File]
  package var killSwitch: Finding?
  package var machine: [Fact]

  package struct Folder: Codable, Equatable, Sendable {
    package var path: String
    package var exists: Bool
  }

  /// A file name and which file won it.
  package struct File: Codable, Equatable, Sendable {
    package var name: String
    package var path: String
    package var isMasked: Bool
    package var hides: [String]
  }

  /// Something that decides what lpreconcile may do here.
  package struct Fact: Codable, Equatable, Sendable {
    package var name: String
    package var value: String
    package var meaning: String
  }

  /// Looks.
  package static func read(tool: String, root: String = "/") -> ConfigReport {
    let search = ManifestLoader(root: root).search()
    let off = Reconciliation(machine: LinuxMachine(), tool: tool).killSwitch
    return ConfigReport(
      tool: tool, folders: search.searched.map { Folder(path: $0.path, exists: $0.exists) },
      files: search.entries.map { File(name: $0.name, path: $0.path, isMasked: $0.isMasked, hides: $0.hidden) },
      killSwitch: off?.finding, machine: facts(killSwitch: off))
  }

  private static func facts(killSwitch: KillSwitch?) -> [Fact] {
    func value(_ path: String) -> String? {
      FileAccess.text(path)?.split(whereSeparator: \.isNewline).first.map(String.init)
    }
    let status = FileAccess.text("/proc/self/status") ?? ""
    let capabilities =
      status.split(whereSeparator: \.isNewline).first { $0.hasPrefix("CapEff:") }
      .flatMap { UInt64($0.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) } ?? 0
    // CAP_SYS_PTRACE is 19, CAP_SYS_NICE 23 (linux/capability.h).
    let traces = capabilities & 1 << 19 != 0
    let nice = capabilities & 1 << 23 != 0
    let scope = value("/proc/sys/kernel/yama/ptrace_scope")
    let kernel = FileAccess.text("/proc/cmdline") ?? ""
    // The kernel takes the last one.
    let override = kernel.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("proc_mem.force_override=") }
      .map { String($0.dropFirst(24)) }
    return [
      Fact(
        name: "kernel", value: value("/proc/sys/kernel/osrelease") ?? "unknown",
        meaning: "from 6.11 build-ids come from the kernel itself"),
      Fact(
        name: "CAP_SYS_PTRACE", value: traces ? "yes" : "no",
        meaning: traces
          ? "processes of every user can be read and changed" : "only processes of the same user can be read"),
      Fact(
        name: "CAP_SYS_NICE", value: nice ? "yes" : "no",
        meaning: nice ? "stops run with real-time priority" : "stops may be longer on a busy machine"),
      Fact(
        name: "kernel.yama.ptrace_scope", value: scope ?? "not there",
        meaning: scope == "3"
          ? "nothing can be traced until the next boot" : scope == "2" ? "only with CAP_SYS_PTRACE" : ""),
      Fact(
        name: "proc_mem.force_override", value: override ?? "default",
        meaning: override == "never"
          ? "code is written eight bytes at a time; a patch out of reach of near branches is refused"
          : override == "ptrace" ? "/proc/PID/mem writes code in a stop only, which is enough" : ""),
      Fact(
        name: "vm.memfd_noexec", value: value("/proc/sys/vm/memfd_noexec") ?? "not there",
        meaning: "2 forbids executable memory files"),
      Fact(
        name: "kill switch", value: killSwitch == nil ? "off" : "on",
        meaning: killSwitch.map { "\($0.reason) (\($0.source))" } ?? ""),
    ]
  }
}
