internal import ArgumentParser
internal import PatchBuilder
internal import Reconciler
@main struct LPReconcile: AsyncParsableCommand {
  mutating func run() async { print(all(), PatchBuild.self) }
}
