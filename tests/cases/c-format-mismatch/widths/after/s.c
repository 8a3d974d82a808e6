#include <stdio.h>

void show(size_t used, long total, unsigned long mask)
{
	printf("%5zu of %ld\t%lx\n", used, total, mask);
}
