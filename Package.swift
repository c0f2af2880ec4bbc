// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is held to.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Leaves out what Capstone knows of other processors, 3 MB: a null entry in its table of architectures is how it is
/// built without one (docs/decisions/static-executable.md).
let otherArchitectures = [
  "ARM", "AArch64", "M68K", "Mips", "PPC", "Sparc", "SystemZ", "XCore", "TMS320C64x", "M680X", "EVM",
].flatMap { name in
  ["global_init", "option"].flatMap { ["-Xlinker", "--defsym=\(name)_\($0)=0"] }
}

let package = Package(
  name: "lpreconcile",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    // What swift-subprocess names paths by.
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
  ],
  targets: [
    // The seams to C. CYaml, CElf, CCapstone and CNettle are module maps and nothing else.
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CElf", pkgConfig: "libdw", providers: [.apt(["libdw-dev", "libelf-dev"])]),
    .systemLibrary(name: "CCapstone", pkgConfig: "capstone", providers: [.apt(["libcapstone-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
    .target(
      name: "CTrace",
      cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),

    // The rooms of docs/design.md, section 3. A target imports only what that table names.
    .target(name: "Manifest", dependencies: ["CYaml"], swiftSettings: strict),
    .target(name: "Patch", dependencies: ["CElf", "CNettle"], swiftSettings: strict),
    .target(
      name: "PatchBuilder",
      dependencies: [
        "Patch", "CElf", "CCapstone", .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(name: "LiveProcess", dependencies: ["CTrace", "CElf", "Patch"], swiftSettings: strict),
    .target(name: "Reconciler", dependencies: ["Manifest", "Patch", "LiveProcess"], swiftSettings: strict),
    .executableTarget(
      name: "lpreconcile",
      dependencies: [
        "Reconciler", "PatchBuilder", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict,
      // One file that runs on any machine (docs/decisions/static-executable.md). Compiled for the dynamic libraries and
      // linked to the static ones, so that one build serves the tests too; these two the compiler does not name then.
      linkerSettings: [
        .linkedLibrary("_FoundationCShims"), .linkedLibrary("_FoundationCollections"),
        .unsafeFlags(["-static-executable", "-Xlinker", "--gc-sections"] + otherArchitectures),
      ]),

    // Victims: small programs that the tests compile, start, observe and patch.
    .target(name: "VictimKit", path: "Tests/VictimKit", swiftSettings: strict),
    // A tool that the tracing tests kill at each of its system calls.
    .executableTarget(
      name: "TraceDriver", dependencies: ["LiveProcess"], path: "Tests/TraceDriver", swiftSettings: strict),
    // A tool that the transition tests kill at each of its system calls, and what it puts into their victim.
    .target(
      name: "TransitionKit", dependencies: ["LiveProcess", "Patch"], path: "Tests/TransitionKit", swiftSettings: strict),
    .executableTarget(
      name: "TransitionDriver", dependencies: ["LiveProcess", "Patch", "TransitionKit"], path: "Tests/TransitionDriver",
      swiftSettings: strict),
    // Artifacts that the tests compile, without the builder.
    .target(
      name: "ArtifactKit", dependencies: ["Patch", "VictimKit"], path: "Tests/ArtifactKit", swiftSettings: strict),

    .testTarget(
      name: "ManifestTests", dependencies: ["Manifest", .product(name: "Subprocess", package: "swift-subprocess")],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "LiveProcessTests",
      dependencies: ["LiveProcess", "Patch", "VictimKit", "ArtifactKit", "TransitionKit", "CTrace", "CElf"],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "ReconcilerTests",
      dependencies: ["Reconciler", "Manifest", "Patch", "LiveProcess", "ArtifactKit", "VictimKit"],
      swiftSettings: strict),
    .testTarget(
      name: "PatchBuilderTests",
      dependencies: ["PatchBuilder", "Patch", "LiveProcess", "VictimKit", "CElf", "CCapstone"],
      exclude: ["Programs", "Changes"], swiftSettings: strict),
    // Two files of the program are linked into these tests: a test that depends on a fully static program does not link.
    .testTarget(
      name: "CommandTests",
      dependencies: ["Reconciler", "Manifest", "Patch", "LiveProcess", "VictimKit"], swiftSettings: strict),
    .testTarget(name: "EndToEndTests", dependencies: ["VictimKit"], swiftSettings: strict),
    .testTarget(
      name: "PatchTests", dependencies: ["Patch", "ArtifactKit", "VictimKit"], exclude: ["Fixtures"],
      swiftSettings: strict),
  ]
)
