using System.Runtime.CompilerServices;
using QMoi.Functions.Stores.Sqlite;

namespace QMoi.Tests.Stores;

/// <summary>Tests look into databases by themselves, beside others that open stores.</summary>
internal static class OneSqlite
{
    [ModuleInitializer]
    internal static void Load() => SqliteLibrary.Load();
}
