#pragma once
unsigned hash_of(const char *text);
