/// Commands that see other folders at some paths: in a mount namespace of their own, which goes with them.
enum MountNamespace {
  /// What a command begins with that a script is to prepare.
  ///
  /// `options`: more of unshare(1).
  /// `script`: mounts; ends with `exec` of `"$@"`, before which it has shifted its own arguments away.
  /// `arguments`: the script's own.
  static func wrapper(_ options: [String], _ script: String, _ arguments: [String]) -> [String] {
    // Nothing that is mounted may be seen outside. In a chroot(2), where `/` is no mount, nothing must be shared to begin with.
    let begin = "mount --make-rprivate / 2>/dev/null || ! grep -q ' shared:' /proc/self/mountinfo || exit 1\n"
    return ["unshare", "--mount", "--propagation", "unchanged"] + options
      + ["sh", "-c", begin + script, "sh"] + arguments
  }

  /// Whether a wrapper can be used.
  static func isAllowed(_ wrapper: [String]) async -> Bool {
    (try? await BuildTool.run("env", wrapper + ["true"])) != nil
  }
}
