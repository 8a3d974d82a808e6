#include <stddef.h>

unsigned slot(const char *key, size_t n)
{
    return hash_of(key) % n;
}
