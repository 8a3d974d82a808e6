using System.Globalization;
using System.Text;

namespace QMoi.Fixers.Diagnosing;

internal enum SegmentKind
{
    /// <summary>A log without structure, or what lies before the first structure in it.</summary>
    Plain,

    /// <summary>Lines about the job itself, outside of its sections.</summary>
    Job,
    Setup,
    Script,

    /// <summary>After-script, caches, artifacts, post steps: a failure there does not fail the job.</summary>
    After,
}

/// <summary>A part of a job: a section of the runner, a step, or the output of one command of a script.</summary>
internal sealed class Segment(SegmentKind kind, int firstLine)
{
    internal SegmentKind Kind { get; } = kind;

    internal int FirstLine { get; } = firstLine;

    internal int LastLine { get; set; } = int.MaxValue;

    internal string? Command { get; set; }

    /// <summary>Where its output begins: behind the listing of its script and environment.</summary>
    internal int BodyLine { get; set; } = firstLine;

    /// <summary>The runner said that this part failed.</summary>
    internal bool HasFailed { get; set; }

    /// <summary>An action printed an error, which is not yet a failure.</summary>
    internal bool HasErrors { get; set; }

    /// <summary>What looks like an error in it, whatever the catalogue says.</summary>
    internal ErrorLines Errors { get; } = new();
}

internal enum LineLevel { None, Warning, Error }

/// <summary>Follows the structure of a job log: sections, steps, echoed commands and the runner's own words about failure.</summary>
internal sealed class LogStructure
{
    private const int LongestCommand = 2000;

    /// <summary>What a line holds that says something about the structure. The order is that of <see cref="Mark"/>.</summary>
    internal static readonly string[] Marks =
    [
        "##[group]", "##[endgroup]", "##[error]", "##[warning]", "::error", "::warning", "section_start:", "section_end:",
        "Job failed", "exited with", "Exited with code", "marked build as failure", "Finished: ", "Job succeeded", "Post job cleanup", "orphan processes", "Your build exited with",
        "travis_fold:start:after_", "Running after", "Uploading artifacts for failed job", "Cleaning up project directory",
    ];

    private Segment _job = new(SegmentKind.Job, 1);
    private Segment? _lastScript;
    private Segment? _lastSetup;
    private Segment? _header;
    private bool _isScriptListed;
    private bool _echoesAreGreen;
    private bool _hasSucceeded;
    private bool _hasErrors;

    private enum Mark
    {
        Group, EndGroup, Error, Warning, RawError, RawWarning, SectionStart, SectionEnd,
        JobFailed, ExitedWith, ExitedWithCode, MarkedAsFailure, Finished, JobSucceeded, PostJob, OrphanProcesses, BuildExited,
        TravisAfter, RunningAfter, UploadingArtifacts, CleaningUp,
    }

    internal Segment Current { get; private set; } = new(SegmentKind.Plain, 1);

    /// <summary>The last command that the log echoes in a part that can fail the job.</summary>
    internal string? LastCommand { get; private set; }

    /// <summary>What the command of the failed part ended with, where the runner says so.</summary>
    internal int? ExitCode { get; private set; }

    internal string? FailedCommand => FailedSegment?.Command;

    /// <summary>The runner said that the job failed.</summary>
    internal bool HasFailed => FailedSegment is not null;

    internal bool HasErrors => _hasErrors;

    /// <summary>The log is whole and nothing in it failed.</summary>
    internal bool HasSucceeded => _hasSucceeded && !HasFailed && !_hasErrors;

    /// <summary>The first part that the runner said to have failed.</summary>
    internal Segment? FailedSegment { get; private set; }

    /// <summary>The part with the first error that the runner itself printed; such a job may go on.</summary>
    internal Segment? FirstWithErrors { get; private set; }

    internal bool IsGitHub { get; private set; }

    internal bool IsGitLab { get; private set; }

    /// <summary>The line is a listing of a step's script and environment, or the echo of a command: what it says did not happen in it.</summary>
    internal bool IsListing { get; private set; }

    /// <summary>Called when a part begins, with the part that it ends.</summary>
    internal Action<Segment>? Ended { get; set; }

    /// <summary>Takes runner section markers off the start of a raw line (<c>section_start:1795237052:step_script\r\e[0K</c>).</summary>
    internal ReadOnlySpan<byte> TakeMarkers(ReadOnlySpan<byte> line, int number)
    {
        while (true)
        {
            var rest = SkipErase(line);
            var isStart = rest.StartsWith("section_start:"u8);
            if (!isStart && !rest.StartsWith("section_end:"u8))
                return line;

            rest = rest[(isStart ? 14 : 12)..];
            var colon = rest.IndexOf((byte)':');
            if (colon is < 1 or > 20)
                return line;

            rest = rest[(colon + 1)..];
            var end = rest.IndexOf((byte)'\r');
            var name = end < 0 ? rest : rest[..end];
            if (name.IndexOf((byte)'[') is var options and >= 0)
                name = name[..options];

            Section(Encoding.UTF8.GetString(name[..Math.Min(name.Length, 100)]), isStart, number);
            line = end < 0 ? [] : SkipErase(rest[(end + 1)..]);
        }
    }

    /// <summary>True where <see cref="Take"/> must see the line even if it holds no mark.</summary>
    internal bool IsInteresting(ReadOnlySpan<byte> text) => _header is not null || (text.Length > 2 && text[1] == ' ' && text[0] is (byte)'$' or (byte)'+');

    /// <summary>Notes what the line says about the structure; returns the text behind a command of the runner (<c>##[error]</c>).</summary>
    /// <param name="isGreen">The line is coloured as GitLab colours the commands that it echoes.</param>
    /// <param name="isCyan">The line is coloured as GitHub colours the script of a step.</param>
    internal string Take(string text, bool isGreen, bool isCyan, int number, ReadOnlySpan<int> marks, out LineLevel level, out bool isFailure)
    {
        level = LineLevel.None;
        isFailure = false;
        IsListing = _header is not null;
        if (text.StartsWith("##[", StringComparison.Ordinal))
            return TakeCommand(text, number, out level, out isFailure);

        if (text.StartsWith("::", StringComparison.Ordinal))
            return TakeWorkflowCommand(text, out level);

        if (_header is not null)
            TakeHeader(text, isCyan, number);
        else if (text.StartsWith("$ ", StringComparison.Ordinal))
            TakeEcho(text[2..].Trim(), isGreen, number);
        else if (text.StartsWith("+ ", StringComparison.Ordinal) && Current.Command is null)
            Current.Command = LastCommand = Short(text[2..].Trim());

        foreach (var mark in marks)
            isFailure |= TakeMark((Mark)mark, text, number);

        return text;
    }

    private void Section(string name, bool isStart, int number)
    {
        IsGitLab = true;
        if (KindOf(name) is not { } kind)
            return;

        if (isStart)
        {
            Begin(kind, number, command: null);
            return;
        }

        End(number);
        Current = _job;
    }

    private void Begin(SegmentKind kind, int number, string? command)
    {
        if (Current.Kind != SegmentKind.Job)
            End(number);

        Current = new Segment(kind, number) { Command = command };
        if (kind == SegmentKind.Script)
            _lastScript = Current;
        else if (kind == SegmentKind.Setup)
            _lastSetup = Current;
    }

    private void End(int number)
    {
        if (Current.LastLine == int.MaxValue)
            Current.LastLine = number - 1;

        Ended?.Invoke(Current);
    }

    private static SegmentKind? KindOf(string name) => name switch
    {
        "step_script" or "build_script" => SegmentKind.Script,
        "after_script" or "archive_cache" or "archive_cache_on_failure" or "cleanup_file_variables" => SegmentKind.After,
        "prepare_executor" or "prepare_script" or "get_sources" or "restore_cache" or "download_artifacts" or "resolve_secrets" => SegmentKind.Setup,
        _ when name.StartsWith("section_script_step", StringComparison.Ordinal) || name.StartsWith("step_", StringComparison.Ordinal) => SegmentKind.Script,
        _ when name.StartsWith("upload_artifacts", StringComparison.Ordinal) => SegmentKind.After,
        _ => null,
    };

    private string TakeCommand(string text, int number, out LineLevel level, out bool isFailure)
    {
        level = LineLevel.None;
        isFailure = false;
        IsGitHub = true;
        var close = text.IndexOf(']', StringComparison.Ordinal);
        if (close < 0)
            return text;

        var name = text[3..close];
        var rest = text[(close + 1)..];
        switch (name)
        {
            case "group" when rest.StartsWith("Run ", StringComparison.Ordinal):
                Begin(SegmentKind.Script, number, command: null);
                LastCommand = Short(rest[4..].Trim());
                _header = Current;
                _isScriptListed = false;
                IsListing = true;
                break;
            case "endgroup":
            case "group":
                if (_header is not null)
                    EndHeader(number);
                break;
            case "error":
                level = LineLevel.Error;
                IsListing = false;
                if (_header is not null)
                    EndHeader(number - 1);

                isFailure = TakeError(rest, number);
                break;
            case "warning":
                level = LineLevel.Warning;
                break;
        }

        return rest;
    }

    private static string TakeWorkflowCommand(string text, out LineLevel level)
    {
        level = text.StartsWith("::error", StringComparison.Ordinal) ? LineLevel.Error : text.StartsWith("::warning", StringComparison.Ordinal) ? LineLevel.Warning : LineLevel.None;
        var close = text.IndexOf("::", 2, StringComparison.Ordinal);
        return level == LineLevel.None || close < 0 ? text : text[(close + 2)..];
    }

    // "Process completed with exit code 1." (GitHub), "Bash exited with code '1'." (Azure Pipelines): the step is over; other errors may be printed by a step that goes on.
    private bool TakeError(string text, int number)
    {
        _hasErrors = true;
        Current.HasErrors = true;
        FirstWithErrors ??= Current;
        if (!text.StartsWith("Process completed with exit code", StringComparison.Ordinal) && !text.Contains(" exited with code '", StringComparison.Ordinal))
            return false;

        Fail(Current, number, text);
        return true;
    }

    // The script of a step is listed in cyan between its title and the line that names the shell; then come its environment or an action's inputs, indented.
    private void TakeHeader(string text, bool isCyan, int number)
    {
        if (text.StartsWith("shell: ", StringComparison.Ordinal) || text is "with:" or "env:")
        {
            _header!.Command ??= LastCommand;
            _isScriptListed = true;
        }
        else if (!_isScriptListed && (isCyan || _header!.Command is not null || text == LastCommand))
        {
            _header!.Command = Short(_header.Command is null ? text : _header.Command + "\n" + text);
            LastCommand = _header.Command;
        }
        else if (!_isScriptListed || !text.StartsWith(' '))
        {
            // An excerpt without the end of the listing: this is output already.
            EndHeader(number - 1);
            IsListing = false;
        }
    }

    private void EndHeader(int number)
    {
        _header!.Command ??= LastCommand;
        _header.BodyLine = number + 1;
        _header = null;
    }

    private void TakeEcho(string command, bool isGreen, int number)
    {
        if (command.Length == 0 || IsGitHub || (_echoesAreGreen && !isGreen))
            return;

        _echoesAreGreen |= isGreen;
        IsGitLab |= isGreen;
        var kind = Current.Kind is SegmentKind.Plain or SegmentKind.Job ? SegmentKind.Script : Current.Kind;
        IsListing = true;
        Begin(kind, number, Short(command));
        Current.BodyLine = number + 1;
        if (kind != SegmentKind.After)
            LastCommand = Current.Command;
    }

    private bool TakeMark(Mark mark, string text, int number)
    {
        switch (mark)
        {
            // ERROR: Job failed: exit code 1
            case Mark.JobFailed when text.StartsWith("ERROR: Job failed", StringComparison.Ordinal):
                IsGitLab = true;
                Fail(_lastScript ?? _lastSetup ?? Current, number, text);
                return true;

            // The command "npm test" exited with 1.  (Travis CI; the next command of the phase may still run)
            case Mark.ExitedWith when text.Contains("The command \"", StringComparison.Ordinal) && !text.Contains("exited with 0", StringComparison.Ordinal):
            // Command exited with code 1 (AppVeyor), Exited with code exit status 1 (CircleCI), Build step 'Execute shell' marked build as failure, Finished: FAILURE (Jenkins)
            case Mark.ExitedWith when text.StartsWith("Command exited with code ", StringComparison.Ordinal):
            case Mark.ExitedWithCode:
            case Mark.MarkedAsFailure:
            case Mark.Finished when text.StartsWith("Finished: FAILURE", StringComparison.Ordinal) || text.StartsWith("Finished: ABORTED", StringComparison.Ordinal):
                Fail(Current, number, text);
                return true;
            case Mark.Finished when text.StartsWith("Finished: SUCCESS", StringComparison.Ordinal):
            case Mark.JobSucceeded when text.StartsWith("Job succeeded", StringComparison.Ordinal):
            case Mark.BuildExited when text.StartsWith("Done. Your build exited with 0", StringComparison.Ordinal):
                _hasSucceeded = true;
                return false;
            case Mark.OrphanProcesses:
                _hasSucceeded |= IsGitHub;
                return false;
            case Mark.PostJob when text.StartsWith("Post job cleanup", StringComparison.Ordinal):
            case Mark.TravisAfter:
            case Mark.RunningAfter when text is "Running after_script" or "Running after script...":
            case Mark.UploadingArtifacts or Mark.CleaningUp:
                Begin(SegmentKind.After, number, command: null);
                return false;
            default:
                return false;
        }
    }

    private void Fail(Segment segment, int number, string text)
    {
        if (FailedSegment is null)
            ExitCode = CodeIn(text);

        segment.HasFailed = true;
        if (segment.LastLine == int.MaxValue && segment != _job)
            segment.LastLine = number - 1;

        _job = Current.Kind == SegmentKind.Job ? Current : _job;
        FailedSegment ??= segment;
    }

    // The last number of the line: "exit code 124", "exited with 1.", "exit status 2".
    private static int? CodeIn(string text)
    {
        var end = text.Length;
        while (end > 0 && !char.IsAsciiDigit(text[end - 1]))
            end--;

        var start = end;
        while (start > 0 && end - start < 4 && char.IsAsciiDigit(text[start - 1]))
            start--;

        return int.TryParse(text.AsSpan(start, end - start), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;
    }

    private static string Short(string command) => command.Length <= LongestCommand ? command : command[..LongestCommand];

    // ESC [ 0 K and colours before a marker.
    private static ReadOnlySpan<byte> SkipErase(ReadOnlySpan<byte> line)
    {
        while (line.Length > 2 && line[0] == 0x1B && line[1] == '[')
        {
            var end = line[2..].IndexOfAnyExceptInRange((byte)'0', (byte)';');
            if (end < 0)
                return line;

            var rest = line[(end + 3)..];
            if (!rest.StartsWith("section_"u8) && !rest.StartsWith("\u001B["u8))
                return line;

            line = rest;
        }

        return line;
    }
}
