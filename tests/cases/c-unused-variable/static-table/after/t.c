int first(void)
{
    return 2;
}
