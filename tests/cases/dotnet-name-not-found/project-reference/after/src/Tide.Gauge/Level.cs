namespace Tide.Gauge;

public static class Level
{
    public static int Now() => 4;
}
