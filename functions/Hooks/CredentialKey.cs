using System.Security.Cryptography;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;

namespace QMoi.Functions.Hooks;

/// <summary>
/// What credentials in the store are encrypted with: <c>QMOI_ENCRYPTION_KEY</c>, or a file of its own that lies outside the data folder, so that a stolen or copied data folder tells none of them.
/// </summary>
internal static class CredentialKey
{
    public static string? FileOf(BotSettings settings) => settings.KeyFolder is { } folder ? Path.Combine(folder, "encryption.key") : null;

    /// <summary>All keys that may have been used, the one to use first.</summary>
    /// <exception cref="SettingsException">The file holds no key.</exception>
    public static StoredBody ToRead(BotSettings settings) => new([.. settings.EncryptionKeys, .. FromFile(FileOf(settings)) is { } key ? (byte[][])[key] : []]);

    /// <summary>Makes the file where there is no key yet.</summary>
    /// <exception cref="SettingsException">It cannot be made, or others could not read what is encrypted with it.</exception>
    public static StoredBody ToWrite(BotSettings settings)
    {
        if (settings.EncryptionKeys.Count == 0 && settings.DatabaseUrl is not null)
            throw new SettingsException("Secrets of single webhooks are encrypted, and every process that shares the database has to read them: set QMOI_ENCRYPTION_KEY (openssl rand -base64 32) for all of them.");
        if (settings.EncryptionKeys.Count == 0 && FromFile(FileOf(settings)) is null)
            Make(FileOf(settings) ?? throw new SettingsException("Secrets of single webhooks are encrypted, and this user has no folder for a key: set QMOI_ENCRYPTION_KEY (openssl rand -base64 32), or Store:KeyFolder to a folder outside the data folder."));
        return ToRead(settings);
    }

    public static bool CanOpen(HookRow row, BotSettings settings)
    {
        try
        {
            return HookKeys.Open(row.Sealed, ToRead(settings)) is not null;
        }
        catch (Exception missing) when (missing is KeyMissingException or SettingsException)
        {
            return false;
        }
    }

    private static byte[]? FromFile(string? file)
    {
        try
        {
            if (file is null || !File.Exists(file))
                return null;
            return Convert.FromBase64String(File.ReadAllText(file).Trim()) is { Length: 32 } key ? key : throw new FormatException();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new SettingsException($"The key file {file} cannot be used: {(unreadable is FormatException ? "it does not hold base64 of 32 bytes" : unreadable.Message)}. Put it back from a backup; without it the webhooks have to be installed again.");
        }
    }

    private static void Make(string file)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            // Whole or not at all: two who install at the same time use the same key.
            var whole = $"{file}.{Guid.NewGuid():N}";
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var writer = new StreamWriter(whole, options))
                writer.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            try
            {
                File.Move(whole, file, overwrite: false);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(whole);
            }
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"The key file {file} cannot be made: {unwritable.Message} Set QMOI_ENCRYPTION_KEY (openssl rand -base64 32), or Store:KeyFolder to a folder outside the data folder.");
        }
    }
}
