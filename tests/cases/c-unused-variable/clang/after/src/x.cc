#include <string>

int width(const std::string &text) {
  return 1;
}
