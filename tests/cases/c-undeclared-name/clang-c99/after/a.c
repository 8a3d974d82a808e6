#include <string.h>

#include "a.h"

int a(const char *t)
{
    return (int)strlen(t);
}
