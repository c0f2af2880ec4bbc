// zlib's adler32 with every bit turned over, so that Python sees which code runs; adler32_z is the library's own.
#include <zlib.h>

uLong adler32(uLong adler, const Bytef *bytes, uInt length) {
  uLong sum = adler32_z(adler, bytes, length);
  return bytes == Z_NULL ? sum : sum ^ 0xffffffffUL;
}
