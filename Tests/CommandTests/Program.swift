import VictimKit

/// The built program, run with arguments.
enum Program {
  static func run(_ arguments: [String], environment: [String: String]? = nil) throws -> Command {
    try Command.run([Checkout.program] + arguments, environment: environment, deadline: .seconds(60))
  }

  /// A manifest of a value for a build that no process has.
  static let manifest = """
    apiVersion: lpreconcile/v1
    kind: PatchSet
    metadata:
      name: redis-server
    spec:
      binary: /usr/bin/redis-server
      builds:
        - buildId: 0ba9a5c1d809b1cd700507b0b965045153efcaf7
          patches:
            - name: debug-verbosity
              values:
                - { symbol: server, offset: 2504, type: int32, set: 0, expect: 2 }
      processes:
        command: ["no-process-is-called-so"]

    """
}
