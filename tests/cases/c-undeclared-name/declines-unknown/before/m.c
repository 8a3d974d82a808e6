#include <stdio.h>

int main(void)
{
    return start_engine();
}
