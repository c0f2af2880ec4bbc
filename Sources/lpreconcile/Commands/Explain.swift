internal import ArgumentParser
internal import PatchBuilder
internal import Reconciler

struct Explain: ExampledCommand {
  static let examples = ["lpreconcile explain LP0301", "lpreconcile explain"]
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Says what the code of a message means and what to do; without a code lists all.")

  @Argument(help: "Such as LP0301.", completion: .list(Explain.all.map(\.code)))
  var code: String?
  @OptionGroup var output: OutputOptions

  /// Every code of the tool.
  static var all: [Explanation] {
    let build = BuildCode.allCases.map {
      Explanation(code: $0.rawValue, title: $0.title, text: $0.explanation, next: $0.nextStep)
    }
    return (Explanation.all + build).sorted { $0.code < $1.code }
  }

  func run() throws {
    guard let code else {
      if output.isJSON {
        Output.out(JSONOutput.text(Self.all))
      } else {
        Output.out(Self.all.map { "\($0.code)  \($0.title)\n" }.joined())
      }
      return
    }
    let wanted = code.uppercased()
    guard let found = Self.all.first(where: { $0.code == wanted }) else {
      throw output.fail(
        .error, Finding("LP0618", "there is no code \(code)", next: ["lpreconcile explain lists them all"]))
    }
    if output.isJSON {
      Output.out(JSONOutput.text(found))
    } else {
      Output.out("\(found.code): \(found.title)\n\n  \(found.text)\n\n  next: \(found.next)\n")
    }
  }
}
