namespace QMoi.Fixers.Diagnosing;

/// <summary>Finds the root cause in a job log. Holds no state: one instance serves many threads.</summary>
public sealed class LogDiagnoser(Catalogue catalogue)
{
    /// <summary>
    /// Reads the log once, in bounded memory whatever its size and bytes. Also takes the text of a pipeline that could not be created (GitLab's <c>yaml_errors</c>).
    /// Always gives at least one diagnosis. The stream is not closed.
    /// </summary>
    /// <param name="log">Bytes of the log: UTF-8, or UTF-16 with a byte order mark.</param>
    /// <param name="passed">What the last successful run of the same job printed; where it is known, lines that stand in it as well are not taken for the cause.</param>
    public async Task<LogReport> DiagnoseAsync(Stream log, JobFacts job, CancellationToken ct, LineTemplates? passed = null)
    {
        using var buffer = new LogBuffer(log);
        using var scan = new LogScan(catalogue.Index, buffer);
        while (await buffer.FillAsync(ct))
            scan.TakeLines();

        scan.TakeLines();
        scan.TakeRest();
        return new LogReport(scan.Lines, buffer.Length, RootCause.Choose(scan, job, passed));
    }
}
