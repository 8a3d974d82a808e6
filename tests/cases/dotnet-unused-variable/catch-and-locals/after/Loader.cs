using System;

internal static class Loader
{
    public static int Load(string text)
    {
        try
        {
            return int.Parse(text);
        }
        catch (FormatException wrong) when (text.Length > 0)
        {
            return 0;
        }
        catch (OverflowException)
        {
            return -1;
        }
    }
}
