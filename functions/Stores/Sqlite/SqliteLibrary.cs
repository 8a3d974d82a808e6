using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.CompilerServices;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>Takes the system's SQLite where there is one (newer than the bundled 3.35.5), else the bundled.</summary>
/// <remarks>Has to come before any use of SQLite in a process: each of its functions is looked up at its first use, and with one half of them from another library the process crashes.</remarks>
public static class SqliteLibrary
{
    private static readonly Lazy<bool> Ready = new(() =>
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLitePCL.SQLite3Provider_e_sqlite3).Assembly, Resolve);
        SQLitePCL.Batteries_V2.Init();
        return true;
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Load() => _ = Ready.Value;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "e_sqlite3" && NativeLibrary.TryLoad("libsqlite3.so.0", out var system) ? system : 0;
}
