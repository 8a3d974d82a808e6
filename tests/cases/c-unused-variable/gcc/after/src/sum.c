#include <stddef.h>
#include <stdint.h>

uint8_t sum(const uint8_t *data, size_t n)
{
	uint8_t total = 0;

	for (size_t i = 0; i < n; i++) {
		total = (uint8_t)(total + data[i]);
	}
	return total;
}
