internal import CCapstone
internal import Subprocess
package func capv() -> Int { Int(cs_version(nil,nil)) }
