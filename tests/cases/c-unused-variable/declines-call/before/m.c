int next(void);

int twice(void)
{
    int first = next();
    return 2;
}
