// The new function_0 of blocked.c: a thread waits inside it as it does in the old one.
int two(int x);
int new_0(int x) {
  int r = two(x);
  return r + 1000;
}
