// Part of the meter.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Meter.Units;

namespace Meter;

public static class Reading
{
    public static void Write(string path, IEnumerable<double> values)
    {
        var text = new StringBuilder();
        foreach (var value in values)
            text.AppendLine(value.ToString("R", null));
        File.WriteAllText(path, text.ToString());
    }
}
