class A
{
    void B()
    {
        int n = 1;
        n = 2;
    }
}
