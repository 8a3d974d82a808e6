int f(int a)
int g(int b);
