class Use
{
    Process it;
}
