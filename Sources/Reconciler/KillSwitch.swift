/// The switch that forbids every apply on a machine, with its reason.
package struct KillSwitch: Equatable, Sendable {
  /// Where it is set.
  package var source: String
  /// Why, in the words of whoever set it.
  package var reason: String

  /// The file whose first line is the reason.
  package static let path = "/etc/lpreconcile/disabled"
  /// The word on the kernel command line.
  package static let kernelWord = "lpreconcile.mode=no-apply"

  package init(source: String, reason: String) {
    self.source = source
    self.reason = reason
  }

  /// Decides whether it is on.
  ///
  /// - Parameters:
  ///   - kernelCommandLine: the content of `/proc/cmdline`.
  ///   - file: the content of ``path``; nil when there is no such file. A file that is there and cannot be read is on.
  /// - Returns: the switch, or nil when applying is allowed.
  package static func decide(kernelCommandLine: String, file: String?) -> KillSwitch? {
    if kernelCommandLine.split(whereSeparator: \.isWhitespace).contains(where: { $0 == kernelWord }) {
      return KillSwitch(source: "/proc/cmdline", reason: "\(kernelWord) is on the kernel command line")
    }
    guard let file else { return nil }
    let first = file.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).first.map(String.init) ?? ""
    return KillSwitch(source: path, reason: first.isEmpty ? "no reason is given" : first)
  }

  /// For reports.
  package var finding: Finding {
    Finding(
      "LP0610", "applying is switched off here: \(reason) (\(source))",
      next: [
        source == KillSwitch.path
          ? "remove \(KillSwitch.path) to allow it again" : "boot without \(KillSwitch.kernelWord) to allow it again",
        "lpreconcile revert works all the same",
      ])
  }
}
