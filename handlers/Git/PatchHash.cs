using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using QMoi.Fixers;

namespace QMoi.Handlers.Git;

/// <summary>A patch's name for the ledger: the same edits give the same hash, in whatever order they stand.</summary>
public static class PatchHash
{
    /// <summary>64 lower-case hex digits.</summary>
    public static string Of(Patch patch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var edit in patch.Edits.OrderBy(edit => edit.Path, StringComparer.Ordinal).ThenBy(edit => edit.GetType().Name, StringComparer.Ordinal))
        {
            Add(Encoding.UTF8.GetBytes(edit.Path));
            switch (edit)
            {
                case FileEdit.Write write:
                    Add(write.Before is null ? "new"u8 : "write"u8);
                    Add(write.Before is { } before ? before.Span : default);
                    Add(write.After.Span);
                    break;
                case FileEdit.SetExecutable mode:
                    Add(mode.IsExecutable ? "+x"u8 : "-x"u8);
                    break;
                case FileEdit.Delete delete:
                    Add("delete"u8);
                    Add(delete.Before.Span);
                    break;
                default:
                    throw new InvalidOperationException("Unknown edit.");
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(ReadOnlySpan<byte> part)
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(part);
        }
    }
}
