#include <cstdio>
#include "settings.h"

int main() { return port(); }
