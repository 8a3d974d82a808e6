namespace Meter.Units;

public enum Unit { Kilowatt, Watt }
