int twice(int n) {
  const int m = 2 * n
  return m;
}
