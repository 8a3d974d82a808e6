#include <cstdio>
#include "setings.h"

int main() { return port(); }
