#include <stddef.h>

int has(const int *list, size_t n, int wanted)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == wanted)
			return 1;
	}

	return 0;
}

int last(const int *list, size_t n)
{
	return n ? list[n - 1] : 0;
}
