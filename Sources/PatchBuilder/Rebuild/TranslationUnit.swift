internal import Patch

/// A source file as the project compiles it into the binary, and its recompilations.
struct TranslationUnit: Sendable {
  let call: CompilerCall
  /// The source file as the call names it.
  let source: String
  /// The path of the source below the tree, for people.
  let name: String
  /// Its own among those of one build.
  let number: Int
  /// Whether what lives outside of the file is reached through the offset table, wherever the project's flags would have a linker copy
  /// a library's variable into the program: in one that runs there is no such copy.
  var usesOffsetTable = false
  /// Whether the project's build has compiled it once, to a file that no other compilation wrote to.
  var isBuiltOnce = false
  private let tree: SourceTree
  /// What the paths of its objects begin with.
  private let prefix: String

  init(_ call: CompilerCall, source: String, number: Int, tree: SourceTree, folder: String) {
    self.call = call
    self.source = source
    self.number = number
    self.tree = tree
    let path = tree.resolved(call.absolute(source))
    name = path.hasPrefix(tree.place + "/") ? String(path.dropFirst(tree.place.count + 1)) : path
    prefix = "\(folder)/unit\(number)"
  }

  /// A section for each function and variable, strings by content even where nothing is optimised, and types with their layouts.
  ///
  /// None of it changes what the code does.
  private static let sectioned = [
    "-ffunction-sections", "-fdata-sections", "-fmerge-constants", "-g", "-gno-split-dwarf",
    // clang merges them anyway, and says so where it is asked to.
    "-Wno-ignored-optimization-argument",
  ]

  private var offsetTableFlag: String {
    call.tool.contains("clang") ? "-fno-direct-access-external-data" : "-mno-direct-extern-access"
  }

  /// A path for a file that belongs to it.
  func file(_ name: String) -> String { "\(prefix).\(name)" }

  /// Compiles it; the object's path.
  ///
  /// `state`: what its source is there, for the object's name: each function and variable then gets a section of its own. Nil: as the
  /// project compiles it.
  /// `tree`: nil for the source as it was.
  func compile(_ state: String?, in other: SourceTree? = nil) async throws(BuildRefused) -> String {
    let tree = other ?? tree
    let object = file("\(state ?? "plain").o")
    if let state { WholeFile.remove(file("\(state).debug")) }
    let extra = state == nil ? [] : TranslationUnit.sectioned + (usesOffsetTable ? [offsetTableFlag] : [])
    do throws(BuildRefused) {
      _ = try await tree.run(
        [call.tool] + call.flags + extra + ["-c", source, "-o", object], in: call.folder,
        environment: call.environment)
    } catch {
      throw BuildRefused(
        error.refusals.map { refusal in
          guard case .toolFailed(_, let output) = refusal.reason else { return refusal }
          return BuildRefusal(place: name, reason: .toolFailed(call.tool, output: output))
        })
    }
    return object
  }

  /// The path of the object that the project's own build has made of it; nil where it is gone, or may be another one.
  private var builtObject: String? {
    guard isBuiltOnce, let path = call.object.flatMap({ tree.inCopy(tree.resolved($0)) }) else { return nil }
    return WholeFile.isRegular(path) == true ? path : nil
  }

  /// Whether the source makes the same object in another tree, debugging information apart.
  func isSame(in other: SourceTree) async throws(BuildRefused) -> Bool {
    guard let built = builtObject else { return false }
    return try TranslationUnit.code(of: built) == TranslationUnit.code(of: try await compile(nil, in: other))
  }

  /// All that a linker makes something of.
  private static func code(of object: String) throws(BuildRefused) -> [String: [[UInt8]]] {
    let left = [".debug", ".rela.debug", ".comment", ".note", ".shstrtab"]
    var found: [String: [[UInt8]]] = [:]
    do throws(DamagedElf) {
      let elf = try ElfFile(path: object)
      for section in elf.sections where !left.contains(where: { section.name.hasPrefix($0) }) {
        found[section.name, default: []].append(try elf.content(of: section))
      }
    } catch {
      throw BuildRefused(.notAnObject(why: error.text), at: object)
    }
    return found
  }

  /// The path of a linked file with the debugging information of an object that was compiled in a state.
  func debugInformation(_ state: String) async throws(BuildRefused) -> String {
    let path = file("\(state).debug")
    return WholeFile.isRegular(path) == true ? path : try await DebugInformation.linked([file("\(state).o")], to: path)
  }

  /// The files that it includes, from the root, itself among them.
  func dependencies() async throws(BuildRefused) -> Set<String> {
    let rule = try await tree.run(
      [call.tool] + call.flags + ["-M", source], in: call.folder, environment: call.environment
    ).output
    let words = rule.replacing("\\\n", with: " ").replacing("\\ ", with: "\u{0}").split(whereSeparator: \.isWhitespace)
    return Set(words.dropFirst().map { call.absolute(String($0).replacing("\u{0}", with: " ")) })
  }
}
