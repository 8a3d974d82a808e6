#include <string>

int width(const std::string &text) {
  const int tab = 8; // not yet
  const auto size = text.size();
  return 1;
}
