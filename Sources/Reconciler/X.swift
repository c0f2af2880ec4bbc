internal import LiveProcess
internal import Manifest
internal import Patch
package func all() -> String { "\(PatchState.active) \(SHA256Digest(of: [])) \(ProcessID(1))" }
