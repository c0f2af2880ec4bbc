package func all() -> String { "" }
