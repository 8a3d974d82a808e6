#include "range.hpp"

namespace range {

std::vector<unsigned> all(unsigned from, unsigned to) {
  std::vector<unsigned> out;
  while (from < to)
    out.push_back(from++);
  return out;
}

} // namespace range
