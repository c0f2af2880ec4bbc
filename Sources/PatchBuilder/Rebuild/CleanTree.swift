/// The tree of files of a freshly installed release with what a package needs to be built, and nothing of the machine.
///
/// As on the distribution's own builders, nothing outside the source's folder can be written, and there is no network.
struct CleanTree: Sendable {
  /// Where it lies.
  let root: String
  /// Where commands in it find programs.
  static let path = "/usr/sbin:/usr/bin:/sbin:/bin"

  /// Whether this user may enter such a tree.
  static func isAllowed() async -> Bool {
    await MountNamespace.isAllowed(
      MountNamespace.wrapper(namespaces, "mount -t tmpfs none /tmp && exec chroot / \"$@\"", []))
  }

  private static let namespaces = ["--net", "--pid", "--fork", "--kill-child"]

  /// What a command begins with that is to see a folder at a path of the tree.
  ///
  /// `work`: a folder that commands see at its own path, and write to.
  func wrapper(seeing copy: String, at place: String, work: String) -> [String] {
    let script = """
      root=$1 copy=$2 place=$3 work=$4; shift 4
      mkdir -p "$root$work" && mount --bind "$root" "$root" || exit
      for folder in tmp var/tmp run build; do mount -t tmpfs -o mode=1777 none "$root/$folder" || exit; done
      mount -t proc none "$root/proc" && mount --rbind /dev "$root/dev" || exit
      mkdir -p "$root$place" "$root$work" && mount --bind "$copy" "$root$place" &&
        mount --bind "$work" "$root$work" && mount -o remount,bind,ro "$root" || exit
      exec chroot "$root" env -i PATH=\(CleanTree.path) HOME=/build LC_ALL=C.UTF-8 "$@"
      """
    return MountNamespace.wrapper(CleanTree.namespaces, script, [root, copy, place, work])
  }

  /// Makes one with mmdebstrap(1) from the machine's own archives.
  ///
  /// `source`: the path of a source package's `.dsc`, whose build dependencies it gets.
  /// `folder`: gets it.
  static func make(for source: String, in folder: String) async throws(BuildRefused) {
    let release = try await BuildTool.run("sh", ["-c", ". /etc/os-release && printf %s \"$VERSION_CODENAME\""]).output
    let script = """
      set -e
      apt-get indextargets 'Created-By: Packages' --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' |
        awk -v release="$1" 'index($3, release) == 1' | sort -u >"$2/sources"
      test -s "$2/sources" || { echo "apt knows no archive of $1" >&2; exit 1; }
      mmdebstrap --quiet --mode=root --variant=buildd --skip=check/qemu \\
        --customize-hook='cp "$LPRECONCILE_DSC" "$1/tmp/package.dsc"' \\
        --customize-hook='DEBIAN_FRONTEND=noninteractive chroot "$1" \\
          apt-get -qq -y --no-install-recommends build-dep /tmp/package.dsc >/dev/null' \\
        --customize-hook='rm "$1/tmp/package.dsc" && mkdir "$1/build"' \\
        "$1" "$2/root" - <"$2/sources"
      """
    _ = try await BuildTool.run(
      "env", ["LPRECONCILE_DSC=\(source)", "sh", "-c", script, "mmdebstrap", release, folder], keepsTime: true)
  }
}
