#include "net/socket.h"

int main(void)
{
    return open_socket();
}
