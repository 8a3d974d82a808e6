#include "net/Socket.h"

int main(void)
{
    return open_socket();
}
