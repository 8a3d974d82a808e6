using System.Collections.Frozen;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises packages of the standard library that a file uses and does not import. Adds the import where it belongs in order.
/// Names that are no such package, or stand for several (rand, template), are declined.
/// </summary>
public sealed class GoMissingImportFixer : IFixer
{
    private static readonly FrozenDictionary<string, string> Packages = (
        "bufio bytes cmp context embed errors expvar flag fmt hash html io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings sync syscall testing time unicode unique "
        + "archive/tar archive/zip compress/gzip compress/zlib compress/flate container/heap container/list container/ring crypto/aes crypto/cipher crypto/ecdsa crypto/ed25519 crypto/hmac crypto/md5 crypto/rsa crypto/sha1 "
        + "crypto/sha256 crypto/sha512 crypto/subtle crypto/tls crypto/x509 database/sql encoding/base32 encoding/base64 encoding/binary encoding/csv encoding/gob encoding/hex encoding/json encoding/pem encoding/xml go/ast "
        + "go/format go/token hash/crc32 hash/fnv hash/maphash image/color image/jpeg image/png io/fs io/ioutil log/slog log/syslog math/big math/bits math/cmplx mime/multipart net/http net/http/httptest net/http/httputil "
        + "net/mail net/netip net/smtp net/textproto net/url os/exec os/signal os/user path/filepath runtime/debug sync/atomic testing/fstest testing/iotest testing/quick text/tabwriter unicode/utf16 unicode/utf8")
        .Split(' ').ToFrozenDictionary(path => path[(path.LastIndexOf('/') + 1)..], StringComparer.Ordinal);

    public string FailureId => "go-missing-import";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var (places, reason) = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (reason is not null)
            return new FixResult.Declined(reason);
        var imports = new Dictionary<(TextFile File, string Path), bool>();
        foreach (var place in places)
        {
            var name = place.Capture("name") ?? "";
            if (!Packages.TryGetValue(name, out var path))
                return new FixResult.Declined($"`{name}` is no package of the standard library that one import stands for");
            if (!place.File.Has(place.Line) || !CodeMask.Places(CodeMask.Of(place.File, CodeKind.Go)[place.Line - 1], name).Any(at => IsPackage(place.Text, at + name.Length)))
                return new FixResult.Declined($"`{name}` is not used as a package in line {place.Line} of `{place.File.Path}`");
            imports[(place.File, path)] = true;
        }

        foreach (var (file, path) in imports.Keys.OrderBy(import => import.Path, StringComparer.Ordinal))
            if (!GoImports.Add(file, path))
                return new FixResult.Declined($"`{file.Path}` imports `{path}` already, or its imports are written in a way that is not edited");
        var files = imports.Keys.Select(import => import.File).Distinct().OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        var names = imports.Keys.Select(import => $"`{import.Path}`").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return new FixResult.Fixed(new Patch([.. files.Select(file => file.ToEdit())]), $"Imported {string.Join(", ", names)} in {string.Join(", ", files.Select(file => $"`{file.Path}`"))}.");
    }

    private static bool IsPackage(string line, int end) => end + 1 < line.Length && line[end] == '.' && char.IsAsciiLetterUpper(line[end + 1]);
}
