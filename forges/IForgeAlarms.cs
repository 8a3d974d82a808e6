namespace QMoi.Forges;

/// <summary>Takes what an admin has to correct before a forge can be used as it should be. Any thread may call.</summary>
public interface IForgeAlarms
{
    /// <summary>Again with other words: they replace the former.</summary>
    /// <param name="about">Names it, until it is cleared.</param>
    /// <param name="consequence">What follows from it, and what to do.</param>
    void Raise(string about, string wrong, string consequence);

    /// <summary>Harmless where nothing was raised.</summary>
    void Clear(string about);
}
