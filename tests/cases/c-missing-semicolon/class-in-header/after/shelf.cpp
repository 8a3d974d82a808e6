#include "shelf.h"

namespace shop {

bool full(const Shelf &shelf) { return shelf.size() > 9; }

} // namespace shop
