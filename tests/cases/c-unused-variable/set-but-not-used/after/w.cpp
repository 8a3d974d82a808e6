#include <vector>

int longest(const std::vector<int> &v) {
  int best = 0;
  for (int i = 0; i < (int)v.size(); i++) {
    if (v[i] > best) {
      best = v[i];
    }
  }
  return best;
}
