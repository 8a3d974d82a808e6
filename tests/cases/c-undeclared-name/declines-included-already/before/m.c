#include <string.h>

char *copy(const char *t)
{
    return strdup(t);
}
