using Tide.Gauge;

return Level.Now();
