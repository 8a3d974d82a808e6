using System.Net.Sockets;
using Npgsql;

namespace QMoi.Functions.Stores.Postgres;

/// <summary>What the server, or its silence, means to the bot. Codes: postgresql.org/docs/15/errcodes-appendix.html (read 2026-11).</summary>
internal static class PostgresErrors
{
    /// <summary>It may go well next time.</summary>
    public static bool IsTrouble(Exception exception) => exception is NpgsqlException or TimeoutException or SocketException or IOException;

    /// <summary>Two transactions stood in each other's way; nothing of this one was done.</summary>
    public static bool IsConflict(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>The connection is gone, and what was under way on it may be done or not.</summary>
    public static bool IsCut(Exception exception) =>
        exception is PostgresException refused ? refused.SqlState.StartsWith("57P0", StringComparison.Ordinal) : IsTrouble(exception);

    public static StoreUnavailableException Unavailable(Exception exception) => new("The database cannot be used: " + Words(exception), exception);

    /// <summary>Cause and remedy in one line, without user and password.</summary>
    public static StoreUnusableException Unusable(Exception exception, NpgsqlConnectionStringBuilder connection)
    {
        var said = PostgresUrl.Said(connection);
        return new StoreUnusableException(
            exception is not PostgresException refused
                ? $"The database {said} cannot be reached: {Words(exception)}. Check DATABASE_URL, and that the server runs and lets this machine in."
                : refused.SqlState switch
                {
                    PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => $"The database {said} refuses user '{connection.Username}': {refused.MessageText}. Check user, password and sslmode in DATABASE_URL.",
                    PostgresErrorCodes.InvalidCatalogName => $"There is no database {said}. Make it (createdb {connection.Database}), or correct DATABASE_URL.",
                    PostgresErrorCodes.InsufficientPrivilege => $"User '{connection.Username}' lacks a right in the database {said}: {refused.MessageText}. Grant it, such as GRANT USAGE, CREATE ON SCHEMA public TO \"{connection.Username}\".",
                    PostgresErrorCodes.ReadOnlySqlTransaction => $"The database {said} can only be read. Let DATABASE_URL name the primary server.",
                    PostgresErrorCodes.TooManyConnections => $"The database {said} has no connection left: {refused.MessageText}. Raise its max_connections, or set a lower 'Maximum Pool Size' in DATABASE_URL (postgres://...?Maximum%20Pool%20Size=20).",
                    PostgresErrorCodes.CannotConnectNow => $"The database {said} is not ready: {refused.MessageText}. Start again in a moment.",
                    _ => $"The database {said} cannot be brought up to date: {refused.MessageText} ({refused.SqlState}). What failed was undone; correct the cause and start again.",
                },
            exception);
    }

    private static string Words(Exception exception) => exception switch
    {
        PostgresException refused => $"{refused.MessageText} ({refused.SqlState})",
        { InnerException: { } inner } => Words(inner),
        TimeoutException => "it does not answer in time",
        _ => exception.Message.TrimEnd('.'),
    };
}
