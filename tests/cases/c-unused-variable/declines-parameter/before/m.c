int twice(int n, int m)
{
    return 2 * n;
}
