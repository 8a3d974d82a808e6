#include "hash.h"

unsigned hash_of(const char *text)
{
    unsigned h = 0;
    while (*text)
        h = h * 31 + (unsigned char)*text++;
    return h;
}
