#include "a.h"

int f(int a)
{
    return a;
}
