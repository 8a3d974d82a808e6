#include <stdio.h>

void show(size_t used, long total, unsigned long mask)
{
	printf("%5d of %d\t%x\n", used, total, mask);
}
