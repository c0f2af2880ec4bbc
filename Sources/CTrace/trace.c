#include "CTrace.h"
#include <unistd.h>
int trace_gettid(void) { return gettid(); }
