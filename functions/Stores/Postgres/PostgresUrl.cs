using Npgsql;

namespace QMoi.Functions.Stores.Postgres;

/// <summary><c>DATABASE_URL</c>: <c>postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require</c>, or the form <c>Host=…;Database=…</c>.</summary>
internal static class PostgresUrl
{
    public const string Wanted = "postgres://USER:PASSWORD@HOST:PORT/DATABASE, with ?sslmode=disable, prefer, require, verify-ca or verify-full where wanted";

    /// <exception cref="FormatException">It is neither of the two.</exception>
    /// <exception cref="ArgumentException">The second form has a key or a value that is not known.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string value)
    {
        var text = value.Trim();
        var connection = text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal)
            ? OfUrl(text) : new NpgsqlConnectionStringBuilder(text);
        if (string.IsNullOrEmpty(connection.Host) || string.IsNullOrEmpty(connection.Database))
            throw new FormatException();
        return connection;
    }

    /// <summary>For messages: where it is, without who and how.</summary>
    public static string Said(NpgsqlConnectionStringBuilder connection) => $"{connection.Database} at {connection.Host}:{connection.Port}";

    private static NpgsqlConnectionStringBuilder OfUrl(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Fragment.Length > 0)
            throw new FormatException();
        var user = url.UserInfo.Split(':', 2);
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = Uri.UnescapeDataString(url.Host).Trim('[', ']'),
            Port = url.Port > 0 ? url.Port : NpgsqlConnection.DefaultPort,
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
        };
        if (user[0].Length > 0)
            connection.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1)
            connection.Password = Uri.UnescapeDataString(user[1]);
        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2);
            Set(connection, Uri.UnescapeDataString(pair[0].Replace('+', ' ')), Uri.UnescapeDataString(pair.Length > 1 ? pair[1] : ""));
        }
        return connection;
    }

    /// <summary>The names that libpq gives them, and for the size of the pool, which libpq does not have, that of the client library.</summary>
    private static void Set(NpgsqlConnectionStringBuilder connection, string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                connection.SslMode = Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode) && !char.IsDigit(value[0]) ? mode : throw new FormatException();
                break;
            case "sslrootcert":
                connection.RootCertificate = value;
                break;
            case "sslcert":
                connection.SslCertificate = value;
                break;
            case "sslkey":
                connection.SslKey = value;
                break;
            case "application_name":
                connection.ApplicationName = value;
                break;
            case "connect_timeout":
                connection.Timeout = Number(value);
                break;
            case "Maximum Pool Size":
                connection.MaxPoolSize = Number(value);
                break;
            case "options":
                connection.Options = value;
                break;
            case "host":
                connection.Host = value;
                break;
            default:
                throw new FormatException();
        }
    }

    private static int Number(string value) =>
        int.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException();
}
