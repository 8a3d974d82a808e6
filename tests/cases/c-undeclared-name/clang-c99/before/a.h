int a(const char *t);
