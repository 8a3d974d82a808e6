int size(void);
int count(void);
int main(void) { return size() + count(); }
