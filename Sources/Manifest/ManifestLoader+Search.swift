extension ManifestLoader {
  /// Looks into the standard folders, without reading a manifest.
  package func search() -> ManifestSearch { searched().search }

  /// The search, and what could not be read in it.
  func searched() -> (search: ManifestSearch, problems: [Diagnostic]) {
    var problems: [Diagnostic] = []
    var folders: [ManifestSearch.Folder] = []
    var paths: [String: [String]] = [:]
    for folder in ManifestSearch.folders {
      let path = root.hasSuffix("/") ? root.dropLast() + folder : root + folder
      do {
        let names = try FileContent.manifestNames(in: path)
        folders.append(ManifestSearch.Folder(path: path, exists: true))
        for name in names { paths[name, default: []].append(ManifestPath.join(path, name)) }
      } catch {
        // A folder that is not there is the usual case; one that cannot be read could hide a mask.
        folders.append(ManifestSearch.Folder(path: path, exists: !error.isMissing))
        if !error.isMissing { problems.append(FileProblem.unreadable(path, error)) }
      }
    }
    let names = paths.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var entries: [ManifestSearch.Entry] = []
    for name in names {
      guard let all = paths[name], let winner = all.first else { continue }
      // What cannot be looked at is reported when it is read.
      let isMasked = (try? FileContent.kind(of: winner)) == .mask
      entries.append(
        ManifestSearch.Entry(name: name, path: winner, isMasked: isMasked, hidden: Array(all.dropFirst())))
    }
    return (ManifestSearch(searched: folders, entries: entries), problems)
  }
}
