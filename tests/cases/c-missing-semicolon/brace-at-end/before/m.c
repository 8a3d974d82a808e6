int f(int n)
{
    if (n) {
        n++;
    }
    return n;
