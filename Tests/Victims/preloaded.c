// Takes the place of a function of libc, as a library of LD_PRELOAD does.
int abs(int x) { return x < 0 ? -x : x; }
