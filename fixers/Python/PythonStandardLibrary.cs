using System.Collections.Frozen;

namespace QMoi.Fixers.Python;

/// <summary>Names that mean one thing in nearly every Python file.</summary>
/// <remarks>docs.python.org/3/py-modindex.html (3.8 to 3.13). Left out: modules whose names are rather those of variables (<c>code</c>, <c>token</c>, <c>test</c>), and names that several modules have (<c>Lock</c>, <c>Event</c>, <c>product</c>).</remarks>
internal static class PythonStandardLibrary
{
    /// <summary>All top-level modules, by which imports are sorted.</summary>
    public static FrozenSet<string> Modules { get; } = Words(
        """
        __future__ abc aifc argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd
        code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal
        difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc getopt getpass
        gettext glob graphlib grp gzip hashlib heapq hmac html http imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma
        mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib numbers operator optparse os ossaudiodev parser pathlib pdb pickle
        pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc queue quopri random re readline reprlib resource
        rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 ssl stat statistics string
        stringprep struct subprocess sunau symbol symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time timeit tkinter
        token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg
        winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
        """);

    /// <summary>Modules that a name followed by a dot can only mean.</summary>
    public static FrozenSet<string> Plain { get; } = Words(
        """
        argparse ast asyncio atexit base64 binascii builtins bz2 cmath codecs collections configparser contextlib contextvars csv ctypes dataclasses decimal difflib dis doctest
        enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc getpass gettext gzip hashlib heapq hmac http importlib inspect ipaddress itertools
        json linecache locale logging lzma math mimetypes mmap multiprocessing optparse os pathlib pdb pickle pkgutil posixpath py_compile pydoc re runpy sched selectors shelve
        shlex shutil smtplib socket socketserver sqlite3 ssl subprocess sys sysconfig syslog tarfile tempfile termios textwrap threading timeit tokenize tomllib traceback
        tracemalloc typing unicodedata unittest urllib uuid weakref webbrowser winreg xml zipfile zlib zoneinfo
        """);

    /// <summary>Modules whose names may well be those of variables: meant where one of these follows the dot.</summary>
    public static FrozenDictionary<string, FrozenSet<string>> Members { get; } = new Dictionary<string, FrozenSet<string>>(StringComparer.Ordinal)
    {
        ["abc"] = Words("ABC ABCMeta abstractmethod"),
        ["array"] = Words("array"),
        ["bisect"] = Words("bisect bisect_left bisect_right insort insort_left insort_right"),
        ["calendar"] = Words("monthrange isleap month_name month_abbr day_name day_abbr timegm Calendar"),
        ["copy"] = Words("copy deepcopy"),
        ["datetime"] = Words("datetime date time timedelta timezone tzinfo UTC"),
        ["email"] = Words("message message_from_string message_from_bytes utils mime policy parser"),
        ["glob"] = Words("glob iglob escape"),
        ["html"] = Words("escape unescape parser"),
        ["io"] = Words("StringIO BytesIO TextIOWrapper BufferedReader RawIOBase open UnsupportedOperation SEEK_SET SEEK_END"),
        ["numbers"] = Words("Number Integral Real Rational Complex"),
        ["operator"] = Words("itemgetter attrgetter methodcaller add sub mul truediv floordiv mod eq ne lt le gt ge and_ or_ not_ contains"),
        ["platform"] = Words("system machine node release version python_version processor uname platform python_implementation architecture"),
        ["pprint"] = Words("pprint pformat PrettyPrinter"),
        ["queue"] = Words("Queue Empty Full PriorityQueue LifoQueue SimpleQueue"),
        ["random"] = Words("random randint choice choices shuffle sample seed uniform randrange gauss Random SystemRandom getrandbits"),
        ["secrets"] = Words("token_hex token_bytes token_urlsafe choice compare_digest randbelow"),
        ["select"] = Words("select poll epoll kqueue"),
        ["signal"] = Words("signal SIGINT SIGTERM SIGKILL SIGHUP SIGUSR1 SIGUSR2 SIGALRM SIGCHLD SIGPIPE SIG_DFL SIG_IGN alarm Signals getsignal pause"),
        ["stat"] = Words("S_IRUSR S_IWUSR S_IXUSR S_IRWXU S_IXGRP S_IXOTH S_ISDIR S_ISREG S_ISLNK ST_MTIME ST_SIZE S_IMODE"),
        ["statistics"] = Words("mean fmean median mode stdev pstdev variance quantiles"),
        ["string"] = Words("ascii_letters ascii_lowercase ascii_uppercase digits hexdigits punctuation whitespace printable Template Formatter capwords"),
        ["struct"] = Words("pack unpack calcsize unpack_from pack_into iter_unpack Struct error"),
        ["time"] = Words("sleep time time_ns perf_counter perf_counter_ns monotonic monotonic_ns process_time strftime strptime gmtime localtime mktime ctime asctime"),
        ["types"] = Words("SimpleNamespace ModuleType FunctionType MethodType TracebackType MappingProxyType GeneratorType LambdaType UnionType"),
        ["warnings"] = Words("warn catch_warnings simplefilter filterwarnings resetwarnings"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What follows a dot behind these names shows that the class is meant and not its module.</summary>
    public static FrozenDictionary<string, FrozenSet<string>> OfClass { get; } = new Dictionary<string, FrozenSet<string>>(StringComparer.Ordinal)
    {
        ["datetime"] = Words("now utcnow today strptime fromtimestamp utcfromtimestamp fromisoformat combine min max strftime"),
        ["date"] = Words("today fromisoformat fromtimestamp min max"),
        ["timezone"] = Words("utc"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The module that a name is imported from.</summary>
    public static FrozenDictionary<string, string> Sources { get; } = From(
        ("abc", "ABC ABCMeta abstractmethod"),
        ("argparse", "ArgumentParser ArgumentTypeError"),
        ("base64", "b64decode b64encode urlsafe_b64decode urlsafe_b64encode"),
        ("bisect", "bisect_left bisect_right insort"),
        ("collections", "ChainMap Counter OrderedDict UserDict UserList defaultdict deque namedtuple"),
        ("concurrent.futures", "ProcessPoolExecutor ThreadPoolExecutor as_completed"),
        ("configparser", "ConfigParser"),
        ("contextlib", "AsyncExitStack ExitStack asynccontextmanager closing contextmanager nullcontext redirect_stderr redirect_stdout suppress"),
        ("copy", "deepcopy"),
        ("dataclasses", "asdict astuple dataclass is_dataclass"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal InvalidOperation ROUND_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP"),
        ("enum", "Enum Flag IntEnum IntFlag StrEnum"),
        ("fractions", "Fraction"),
        ("functools", "cached_property lru_cache partial partialmethod reduce singledispatch total_ordering wraps"),
        ("hashlib", "md5 sha1 sha256 sha512"),
        ("heapq", "heapify heappop heappush heapreplace nlargest nsmallest"),
        ("http", "HTTPStatus"),
        ("http.server", "BaseHTTPRequestHandler HTTPServer SimpleHTTPRequestHandler"),
        ("importlib", "import_module"),
        ("io", "BytesIO StringIO"),
        ("ipaddress", "ip_address ip_network"),
        ("itertools", "chain combinations dropwhile groupby islice permutations starmap takewhile zip_longest"),
        ("logging", "getLogger"),
        ("math", "ceil factorial floor gcd hypot isclose isfinite isinf isnan isqrt sqrt"),
        ("operator", "attrgetter itemgetter methodcaller"),
        ("pathlib", "Path PosixPath PurePath PurePosixPath"),
        ("random", "choice choices randint randrange shuffle"),
        ("shutil", "copyfile copytree rmtree"),
        ("statistics", "fmean mean median stdev"),
        ("string", "ascii_letters ascii_lowercase ascii_uppercase punctuation"),
        ("tempfile", "NamedTemporaryFile TemporaryDirectory mkdtemp mkstemp"),
        ("textwrap", "dedent indent"),
        ("threading", "Thread"),
        ("time", "monotonic perf_counter sleep"),
        ("types", "MappingProxyType ModuleType SimpleNamespace TracebackType"),
        ("typing", """
            Annotated Any AnyStr AsyncGenerator AsyncIterable AsyncIterator Awaitable Callable ClassVar Coroutine Dict Final FrozenSet Generator Generic Iterable Iterator List Literal
            Mapping MutableMapping NamedTuple NewType NoReturn Optional ParamSpec Protocol Self Sequence Set TYPE_CHECKING Tuple Type TypeAlias TypeVar TypedDict Union cast overload
            runtime_checkable
            """),
        ("unittest.mock", "AsyncMock MagicMock Mock mock_open"),
        ("urllib.parse", "parse_qs parse_qsl quote_plus unquote urlencode urljoin urlparse urlsplit urlunparse"),
        ("urllib.request", "urlopen urlretrieve"),
        ("uuid", "UUID uuid1 uuid4 uuid5"),
        ("zoneinfo", "ZoneInfo"));

    /// <summary>Those of <see cref="Sources"/> that are also words for variables and functions: meant only where they are called or decorate.</summary>
    public static FrozenSet<string> OnlyCalled { get; } = Words("cast chain choice choices indent closing copyfile factorial floor ceil gcd mean median monotonic overload partial reduce shuffle sleep sqrt suppress unquote");

    private static FrozenSet<string> Words(string words) => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    private static FrozenDictionary<string, string> From(params (string Module, string Names)[] sources) =>
        sources.SelectMany(source => Words(source.Names).Select(name => (Name: name, source.Module))).ToFrozenDictionary(pair => pair.Name, pair => pair.Module, StringComparer.Ordinal);
}
