class Use
{
    Gadget it;
}
