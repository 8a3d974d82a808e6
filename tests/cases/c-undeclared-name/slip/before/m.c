#include <stddef.h>

size_t count(const int *list, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < lenght; i++)
        if (list[i] && i < lenght)
            n++;
    return n;
}
