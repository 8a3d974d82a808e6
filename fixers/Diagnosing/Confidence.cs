namespace QMoi.Fixers.Diagnosing;

/// <summary>How often a diagnosis like this one is right.</summary>
internal static class Confidence
{
    internal static double Of(Candidate candidate, LogStructure structure)
    {
        var confidence = candidate.Entry.Priority switch { >= 80 => 0.97, >= 70 => 0.95, >= 60 => 0.92, >= 40 => 0.85, _ => 0.6 };
        if (candidate.Part.IsConsequence)
            confidence = 0.3;
        if (candidate.Part.IsWarningOnly)
            confidence -= 0.3;

        // Without the runner's own words it is not sure that this part failed.
        if (!structure.HasFailed && !structure.HasErrors)
            confidence -= 0.1;

        return Math.Round(confidence, 2);
    }

    internal static double Of(Guess guess, LogStructure structure)
    {
        var confidence = guess.Weight switch { >= 40 => 0.6, >= 30 => 0.5, >= 20 => 0.4, >= 10 => 0.25, _ => 0.1 };
        return structure.HasFailed || structure.HasErrors ? confidence : confidence / 2;
    }
}
