static const int primes[] = {
    2, 3, 5,
    7, 11,
};

int first(void)
{
    return 2;
}
