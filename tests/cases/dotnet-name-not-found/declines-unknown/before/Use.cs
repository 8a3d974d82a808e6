class Use
{
    Frobnicator it;
}
