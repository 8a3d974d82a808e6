#include "heap.h"

int top(){return 1;}
