#pragma once
int port(void);
