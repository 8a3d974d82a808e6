int f(int a)
{
    if (a > 1) {
        a = 2;
    } else {
        a = 3;
    }
    return a;
}
