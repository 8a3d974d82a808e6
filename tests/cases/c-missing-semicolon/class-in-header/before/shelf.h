#pragma once
#include <string>

class Shelf {
public:
  int size() const { return size_; }

private:
  int size_ = 0;
}
