#include <stdint.h>
#include <stdio.h>

void show(uint64_t n)
{
    printf("%d\n", n);
}
