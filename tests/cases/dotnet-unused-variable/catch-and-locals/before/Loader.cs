using System;

internal static class Loader
{
    public static int Load(string text)
    {
        const int limit = 10;

        string last;
        try
        {
            return int.Parse(text);
        }
        catch (FormatException wrong) when (text.Length > 0)
        {
            return 0;
        }
        catch (OverflowException tooLong)
        {
            bool seen = false;
            return -1;
        }
    }
}
