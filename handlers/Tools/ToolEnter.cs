using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace QMoi.Handlers.Tools;

/// <summary>The first process in new namespaces made by <c>unshare</c>: builds the file system the tool will see, leaves the old one and becomes the tool.</summary>
/// <remarks>The hidden command <c>qmoi tool-enter --root FOLDER OPTION... -- PROGRAM ARGUMENT...</c> with the options of bwrap that <see cref="MountOptions"/> uses.
/// After the root has changed no assembly can be loaded any more, so all it needs is prepared before.</remarks>
public static class ToolEnter
{
    public const string Verb = "tool-enter";

    private const ulong NoSuid = 2, NoDev = 4, NoExec = 8, ReadOnlyFlag = 1, Remount = 32, Bind = 4096, Recursive = 16384, Private = 1 << 18;

    /// <param name="arguments">What follows the verb.</param>
    /// <returns>Only where it fails: 125, with the reason on standard error.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        try
        {
            Enter(arguments);
            return 125;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            using var errors = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(2, ownsHandle: false), FileAccess.Write);
            errors.Write(Encoding.UTF8.GetBytes($"{Verb}: {exception.Message}\n"));
            return 125;
        }
    }

    private static void Enter(IReadOnlyList<string> arguments)
    {
        Marshal.PrelinkAll(typeof(Native));
        var words = new Queue<string>(arguments);
        string root = "", folder = "/", mode = "0755", size = "";
        var isUserNamespaceClosed = false;
        var sealedRoot = false;
        while (words.TryDequeue(out var word) && word != "--")
        {
            string Inside(string path) => root + path;
            switch (word)
            {
                case "--root":
                    root = words.Dequeue();
                    Check(Native.Mount(null, Bytes("/"), null, Recursive | Private, null), "make mounts private");
                    Mount("tmpfs", root, "tmpfs", NoSuid | NoDev, "mode=0755,size=16m");
                    break;
                case "--hostname":
                    var name = Bytes(words.Dequeue());
                    Check(Native.SetHostName(name, (nuint)(name.Length - 1)), "set the host name");
                    break;
                case "--disable-userns":
                    isUserNamespaceClosed = true;
                    break;
                case "--perms":
                    mode = words.Dequeue();
                    break;
                case "--size":
                    size = words.Dequeue();
                    break;
                case "--dir":
                    MakeFolder(Inside(words.Dequeue()), mode);
                    mode = "0755";
                    break;
                case "--symlink":
                    var target = words.Dequeue();
                    File.CreateSymbolicLink(Inside(words.Dequeue()), target);
                    break;
                case "--ro-bind":
                    BindMount(words.Dequeue(), Inside(words.Dequeue()), isReadOnly: true);
                    break;
                case "--bind":
                    BindMount(words.Dequeue(), Inside(words.Dequeue()), isReadOnly: false);
                    break;
                case "--tmpfs":
                    var place = Inside(words.Dequeue());
                    MakeFolder(place, "0755");
                    Mount("tmpfs", place, "tmpfs", NoSuid | NoDev, $"mode={mode}{(size.Length == 0 ? "" : ",size=" + size)}");
                    (mode, size) = ("0755", "");
                    break;
                case "--proc":
                    var proc = Inside(words.Dequeue());
                    MakeFolder(proc, "0755");
                    Mount("proc", proc, "proc", NoSuid | NoDev | NoExec, null);
                    break;
                case "--dev":
                    Devices(Inside(words.Dequeue()));
                    break;
                case "--remount-ro":
                    var part = words.Dequeue();
                    if (part == "/") sealedRoot = true;
                    else Check(Native.Mount(null, Bytes(Inside(part)), null, Remount | Bind | ReadOnlyFlag | NoSuid | NoDev, null), "close " + part);
                    break;
                case "--chdir":
                    folder = words.Dequeue();
                    break;
                default:
                    throw new FormatException($"unknown option {word}");
            }
        }
        if (root.Length == 0 || words.Count == 0) throw new FormatException("needs --root and a program");
        // Like bwrap: a user namespace inside this one would give rights over the kernel that nobody here needs.
        if (isUserNamespaceClosed) File.WriteAllText(root + "/proc/sys/user/max_user_namespaces", "0");
        LoopbackUp();
        Leave(root, folder, [.. words], sealedRoot);
    }

    private static void Leave(string root, string folder, string[] command, bool sealedRoot)
    {
        byte[] rootPath = Bytes(root), here = Bytes("."), slash = Bytes("/"), workingFolder = Bytes(folder), program = Bytes(command[0]);
        var argv = new nint[command.Length + 1];
        for (var i = 0; i < command.Length; i++) argv[i] = Marshal.StringToCoTaskMemUTF8(command[i]);
        Native.Signal(13, 0); // SIGPIPE: this runtime ignores it, and a tool would inherit that
        _ = Native.SetSid();
        Check(Native.ChangeFolder(rootPath), "enter the new root");
        Check(Native.PivotRoot(here, here), "change the root");
        if (Native.Unmount(here, 2) != 0 || Native.ChangeFolder(slash) != 0) Native.Exit(125);
        if (sealedRoot && Native.Mount(null, slash, null, Remount | Bind | ReadOnlyFlag | NoSuid | NoDev, null) != 0) Native.Exit(125);
        if (Native.ChangeFolder(workingFolder) != 0) Native.Exit(125);
        _ = Native.Execute(program, argv);
        Native.Exit(127);
    }

    private static void BindMount(string source, string target, bool isReadOnly)
    {
        if (Directory.Exists(source)) MakeFolder(target, "0755");
        else if (!Path.Exists(target)) File.WriteAllBytes(target, []);
        Check(Native.Mount(Bytes(source), Bytes(target), null, Bind | Recursive, null), "show " + source);
        // struct mount_attr { attr_set, attr_clr, propagation, userns_fd }; mount_setattr(2), Linux 5.12, closes submounts too.
        ulong[] attributes = [(isReadOnly ? 1UL : 0) | 2 | 4, 0, 0, 0];
        Check((int)Native.MountSetAttributes(442, -100, Bytes(target), 0x8000, attributes, 32), "close " + source);
    }

    private static void Devices(string folder)
    {
        MakeFolder(folder, "0755");
        Mount("tmpfs", folder, "tmpfs", NoSuid, "mode=0755,size=64k");
        foreach (var name in new[] { "null", "zero", "full", "random", "urandom", "tty" })
        {
            File.WriteAllBytes($"{folder}/{name}", []);
            Check(Native.Mount(Bytes("/dev/" + name), Bytes($"{folder}/{name}"), null, Bind, null), "show /dev/" + name);
        }
        foreach (var (name, target) in new[] { ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2") })
            File.CreateSymbolicLink($"{folder}/{name}", target);
    }

    private static void MakeFolder(string path, string mode)
    {
        if (Directory.Exists(path)) return;
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
    }

    private static void Mount(string source, string target, string type, ulong flags, string? data) =>
        Check(Native.Mount(Bytes(source), Bytes(target), Bytes(type), flags, data is null ? null : Bytes(data)), $"mount {type}");

    private static void LoopbackUp()
    {
        var socket = Native.Socket(2, 2, 0);
        Check(socket, "open a socket");
        var request = new byte[40]; // struct ifreq: name, then flags
        "lo"u8.CopyTo(request);
        request[16] = 1 | 0x40; // IFF_UP, IFF_RUNNING
        Check(Native.Control(socket, 0x8914, request), "start loopback"); // SIOCSIFFLAGS
        _ = Native.Close(socket);
    }

    private static void Check(int result, string what)
    {
        if (result >= 0) return;
        var error = Marshal.GetLastPInvokeError();
        throw new IOException($"cannot {what}: {Marshal.GetPInvokeErrorMessage(error)} ({error.ToString(CultureInfo.InvariantCulture)})");
    }

    private static byte[] Bytes(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static class Native
    {
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "mount", SetLastError = true)]
        public static extern int Mount(byte[]? source, byte[] target, byte[]? type, ulong flags, byte[]? data);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "umount2", SetLastError = true)]
        public static extern int Unmount(byte[] target, int flags);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
        public static extern long MountSetAttributes(long number, int folder, byte[] path, uint flags, ulong[] attributes, nuint size);

        public static int PivotRoot(byte[] newRoot, byte[] oldRoot) =>
            (int)PivotRoot(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 155 : 41, newRoot, oldRoot); // 41: arm64, riscv64

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
        private static extern long PivotRoot(long number, byte[] newRoot, byte[] oldRoot);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "chdir", SetLastError = true)]
        public static extern int ChangeFolder(byte[] path);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "sethostname", SetLastError = true)]
        public static extern int SetHostName(byte[] name, nuint length);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
        public static extern int SetSid();

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "signal")]
        public static extern nint Signal(int signal, nint handler);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
        public static extern int Socket(int domain, int type, int protocol);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
        public static extern int Control(int file, ulong request, byte[] argument);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "close")]
        public static extern int Close(int file);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "execv", SetLastError = true)]
        public static extern int Execute(byte[] program, nint[] arguments);

        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [DllImport("libc", EntryPoint = "_exit")]
        public static extern void Exit(int code);
    }
}
