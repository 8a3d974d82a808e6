using System.Text.Json;
using System.Text.Json.Serialization;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Functions.Commands;

/// <summary>The JSON that commands write: public shapes, see <c>--help</c> of each.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeliveryJson))]
[JsonSerializable(typeof(IReadOnlyList<LogJson>))]
[JsonSerializable(typeof(FixJson))]
[JsonSerializable(typeof(DemoJson))]
[JsonSerializable(typeof(IReadOnlyList<CatalogJson>))]
[JsonSerializable(typeof(IReadOnlyList<DoctorJson>))]
[JsonSerializable(typeof(InstallJson))]
[JsonSerializable(typeof(RecordedDelivery))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(IReadOnlyList<CodeQualityJson>))]
internal sealed partial class OutputJson : JsonSerializerContext
{
    /// <summary>The same shapes with non-ASCII text left readable.</summary>
    public static OutputJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

internal sealed record LogJson(string Log, int Lines, long Bytes, double ElapsedMs, IReadOnlyList<DiagnosisJson> Diagnoses);

internal sealed record DiagnosisJson(
    string Id, string Category, bool Transient, double Confidence, LogRange RootCause, IReadOnlyDictionary<string, string> Captures, string Action, string Summary, string Next)
{
    public static DiagnosisJson Of(Diagnosis diagnosis) => new(
        diagnosis.FailureId, diagnosis.Category.Name(), diagnosis.IsTransient, Math.Round(diagnosis.Confidence, 3), diagnosis.RootCause, diagnosis.Captures,
        diagnosis.Action.Name(), diagnosis.Summary, diagnosis.Next);
}

internal sealed record FixJson(
    string Decision, DiagnosisJson Diagnosis, string? Fixer, IReadOnlyList<string> Files, string? Patch, bool Verified, string Risk, string Reason, CostJson Cost, double ElapsedMs);

internal sealed record CostJson(int LlmCalls, double Usd);

internal sealed record CatalogJson(string Id, string Title, string Category, bool Transient, string Action, bool Fixer);

internal sealed record DoctorJson(string Check, string State, string Message, string? Remedy);

internal sealed record CodeQualityJson(string Description, string CheckName, string Fingerprint, string Severity, CodeQualityLocation Location);

internal sealed record CodeQualityLocation(string Path, CodeQualityLines Lines);

internal sealed record CodeQualityLines(int Begin);
