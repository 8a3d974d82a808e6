namespace A
{
    public class Process { }
}
