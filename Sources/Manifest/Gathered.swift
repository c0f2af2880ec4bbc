/// The files that paths lead to, read once each, and what was wrong with the paths.
struct Gathered {
  private(set) var inputs: [ManifestInput] = []
  var problems: [Diagnostic] = []
  private var seen: Set<FileIdentity> = []

  /// Takes a file or a folder that was named.
  mutating func take(_ path: String) {
    do {
      switch try FileContent.kind(of: path) {
      case .folder: takeFolder(path)
      case .file, .stream, .mask: read(path)
      case .other: problems.append(FileProblem.make(.unreadable, path, "it is neither a file nor a folder"))
      }
    } catch {
      problems.append(FileProblem.unreadable(path, error))
    }
  }

  private mutating func takeFolder(_ folder: String) {
    do {
      let names = try FileContent.manifestNames(in: folder)
      if names.isEmpty {
        problems.append(
          FileProblem.make(.folderEmpty, folder, "no *.yaml and no *.yml in this folder", hint: "name the file"))
      }
      for name in names { takeMember(ManifestPath.join(folder, name)) }
    } catch {
      problems.append(FileProblem.unreadable(folder, error))
    }
  }

  /// Takes a file of a folder: a link to `/dev/null` is passed over, and what is not a file is reported.
  mutating func takeMember(_ path: String) {
    do {
      switch try FileContent.kind(of: path) {
      case .file: read(path)
      case .mask: break
      case .folder, .stream, .other: problems.append(FileProblem.make(.unreadable, path, "it is not a file"))
      }
    } catch {
      problems.append(FileProblem.unreadable(path, error))
    }
  }

  /// Reads a file, unless it has been read under another name.
  private mutating func read(_ path: String) {
    do {
      let (bytes, identity) = try FileContent.read(path, limit: SourceText.maximumBytes)
      if seen.insert(identity).inserted { inputs.append(ManifestInput(path: path, bytes: bytes)) }
    } catch {
      problems.append(FileProblem.unreadable(path, error))
    }
  }
}
