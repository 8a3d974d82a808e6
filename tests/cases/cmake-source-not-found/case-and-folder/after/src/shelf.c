int size(void) { return 0; }
