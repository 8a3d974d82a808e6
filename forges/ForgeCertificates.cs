using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>Says what is wrong with a forge's certificate, which is trusted or refused as the system does it.</summary>
internal sealed class ForgeCertificates(ForgeKind forge, TimeProvider clock, IForgeAlarms? alarms)
{
    private string About => $"certificate {forge}";

    /// <exception cref="AuthenticationException">It is refused; the message says why.</exception>
    public bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors != SslPolicyErrors.None)
        {
            var words = Words(certificate as X509Certificate2, chain, errors);
            alarms?.Raise(About, $"{forge} cannot be reached: {words}", "what needs it is tried again for an hour and then given up, after which 'qmoi replay' does it; correct the certificate, or the clock");
            throw new AuthenticationException(words);
        }
        alarms?.Clear(About);
        return errors == SslPolicyErrors.None;
    }

    private string Words(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
            return "it shows no certificate";
        var now = clock.GetUtcNow().UtcDateTime;
        if (certificate.NotAfter.ToUniversalTime() < now)
            return $"its certificate expired on {Said(certificate.NotAfter)}";
        if (certificate.NotBefore.ToUniversalTime() > now)
            return $"its certificate is not valid before {Said(certificate.NotBefore)}";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"its certificate is for {certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false)}";
        return $"its certificate is not trusted ({string.Join(", ", chain?.ChainStatus.Select(status => status.Status.ToString()) ?? [])})";
    }

    private static string Said(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
