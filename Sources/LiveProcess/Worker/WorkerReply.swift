/// What a worker answers to a request.
enum WorkerReply: Codable {
  case done(TransitionOutcome)
  case refused(TransitionRefused)
}
