#include "point.h"

int x_of(const struct point *p)
{
    return p->x;
}
