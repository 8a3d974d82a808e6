#include <stddef.h>

size_t count(const int *list, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        if (list[i] && i < length)
            n++;
    return n;
}
