#pragma once
int open_socket(void);
