/* Cuts blanks off. */
#include <ctype.h>
#include <stdlib.h>

#include "trim.h"

char *trim(char *text)
{
	size_t end = strlen(text);
	while (end > 0 && isspace((unsigned char)text[end - 1]))
		end--;
	text[end] = 0;
	return text;
}
