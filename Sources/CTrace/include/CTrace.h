#pragma once
#include <sys/types.h>
int trace_gettid(void);
