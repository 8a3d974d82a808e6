using System.Collections.Frozen;

namespace QMoi.Fixers.DotNet;

/// <summary>Where well-known types live: names that stand for one type only, so that the name alone tells the namespace.</summary>
internal static class DotnetTypes
{
    // Left out on purpose: Timer, Task beside other libraries' tasks, Color, Point, Size, Image and others that more than one namespace has.
    private static readonly FrozenDictionary<string, string> Framework = Read(
        """
        System: Action ArgumentException ArgumentNullException ArgumentOutOfRangeException Array ArraySegment AggregateException AppContext AppDomain Attribute AttributeUsage BitConverter Buffer Console ConsoleColor ConsoleKey ConsoleKeyInfo Convert DateOnly DateTime DateTimeKind DateTimeOffset DayOfWeek DivideByZeroException Enum Environment EventArgs EventHandler Exception FlagsAttribute Flags FormatException FormattableString Func GC Guid HashCode IAsyncDisposable ICloneable IComparable IDisposable IEquatable IFormatProvider IFormattable IProgress IndexOutOfRangeException IntPtr InvalidCastException InvalidOperationException Lazy Math MathF Memory MemoryExtensions NotImplementedException NotSupportedException NullReferenceException Nullable ObjectDisposedException Obsolete OperationCanceledException OutOfMemoryException OverflowException PlatformNotSupportedException Predicate Progress Random ReadOnlyMemory ReadOnlySpan Serializable Span StringComparer StringComparison StringSplitOptions TimeOnly TimeProvider TimeSpan TimeZoneInfo TimeoutException Tuple TypeLoadException UnauthorizedAccessException UnhandledExceptionEventArgs Uri UriBuilder UriKind ValueTuple Version WeakReference
        System.Buffers: ArrayPool ArrayBufferWriter IBufferWriter MemoryPool ReadOnlySequence SearchValues
        System.Buffers.Binary: BinaryPrimitives
        System.CodeDom.Compiler: GeneratedCode IndentedTextWriter
        System.Collections: ArrayList BitArray Hashtable IDictionaryEnumerator IStructuralEquatable
        System.Collections.Concurrent: BlockingCollection ConcurrentBag ConcurrentDictionary ConcurrentQueue ConcurrentStack
        System.Collections.Frozen: FrozenDictionary FrozenSet
        System.Collections.Generic: Comparer Dictionary EqualityComparer HashSet IAsyncEnumerable IAsyncEnumerator ICollection IComparer IDictionary IEnumerable IEnumerator IEqualityComparer IList IReadOnlyCollection IReadOnlyDictionary IReadOnlyList IReadOnlySet ISet KeyNotFoundException KeyValuePair LinkedList LinkedListNode List OrderedDictionary PriorityQueue Queue SortedDictionary SortedList SortedSet Stack
        System.Collections.Immutable: IImmutableDictionary IImmutableList ImmutableArray ImmutableDictionary ImmutableHashSet ImmutableList ImmutableQueue ImmutableSortedDictionary ImmutableSortedSet ImmutableStack
        System.Collections.ObjectModel: KeyedCollection ObservableCollection ReadOnlyCollection ReadOnlyDictionary ReadOnlyObservableCollection
        System.Collections.Specialized: INotifyCollectionChanged NameValueCollection NotifyCollectionChangedEventArgs StringCollection
        System.ComponentModel: BackgroundWorker DefaultValue Description EditorBrowsable INotifyPropertyChanged INotifyPropertyChanging PropertyChangedEventArgs PropertyChangedEventHandler TypeConverter TypeDescriptor Win32Exception
        System.ComponentModel.DataAnnotations: EmailAddress MaxLength MinLength Range RegularExpression Required StringLength ValidationContext ValidationException ValidationResult Validator
        System.ComponentModel.DataAnnotations.Schema: Column DatabaseGenerated ForeignKey NotMapped Table
        System.Data: CommandType ConnectionState DataColumn DataRow DataSet DataTable DbType IDataReader IDataRecord IDbCommand IDbConnection IDbTransaction IsolationLevel
        System.Data.Common: DbCommand DbConnection DbDataReader DbException DbParameter DbTransaction
        System.Diagnostics: Activity ActivityKind ActivitySource DebuggerDisplay Process ProcessStartInfo StackFrame StackTrace Stopwatch TraceListener UnreachableException
        System.Diagnostics.CodeAnalysis: AllowNull DisallowNull DoesNotReturn DynamicallyAccessedMembers ExcludeFromCodeCoverage MaybeNull MaybeNullWhen MemberNotNull MemberNotNullWhen NotNull NotNullIfNotNull NotNullWhen SetsRequiredMembers StringSyntax
        System.Diagnostics.Metrics: Counter Histogram Meter UpDownCounter
        System.Globalization: CultureInfo DateTimeFormatInfo DateTimeStyles NumberFormatInfo NumberStyles RegionInfo TextInfo UnicodeCategory
        System.IO: BinaryReader BinaryWriter BufferedStream Directory DirectoryInfo DirectoryNotFoundException DriveInfo EndOfStreamException EnumerationOptions File FileAccess FileAttributes FileInfo FileLoadException FileMode FileNotFoundException FileOptions FileShare FileStream FileSystemInfo FileSystemWatcher IOException InvalidDataException MemoryStream Path PathTooLongException SearchOption SeekOrigin Stream StreamReader StreamWriter StringReader StringWriter TextReader TextWriter
        System.IO.Compression: BrotliStream CompressionLevel CompressionMode DeflateStream GZipStream ZLibStream ZipArchive ZipArchiveEntry ZipArchiveMode ZipFile
        System.IO.Pipelines: Pipe PipeReader PipeWriter
        System.IO.Pipes: AnonymousPipeServerStream NamedPipeClientStream NamedPipeServerStream
        System.Linq: Enumerable IGrouping ILookup IOrderedEnumerable IOrderedQueryable IQueryable Lookup ParallelEnumerable Queryable
        System.Linq.Expressions: Expression ExpressionVisitor LambdaExpression MemberExpression ParameterExpression
        System.Net: Dns DnsEndPoint EndPoint HttpListener HttpListenerContext HttpStatusCode HttpVersion IPAddress IPEndPoint IPHostEntry NetworkCredential ServicePointManager WebClient WebException WebUtility
        System.Net.Http: ByteArrayContent DelegatingHandler FormUrlEncodedContent HttpClient HttpClientHandler HttpCompletionOption HttpContent HttpMessageHandler HttpMethod HttpRequestException HttpRequestMessage HttpResponseMessage IHttpClientFactory MultipartFormDataContent SocketsHttpHandler StreamContent StringContent
        System.Net.Http.Headers: AuthenticationHeaderValue CacheControlHeaderValue EntityTagHeaderValue MediaTypeHeaderValue MediaTypeWithQualityHeaderValue ProductInfoHeaderValue
        System.Net.Http.Json: HttpClientJsonExtensions JsonContent
        System.Net.Mail: MailAddress MailMessage SmtpClient
        System.Net.NetworkInformation: NetworkInterface Ping PingReply PhysicalAddress
        System.Net.Security: SslStream SslPolicyErrors RemoteCertificateValidationCallback
        System.Net.Sockets: AddressFamily NetworkStream ProtocolType Socket SocketException SocketType TcpClient TcpListener UdpClient
        System.Net.WebSockets: ClientWebSocket WebSocket WebSocketMessageType WebSocketState
        System.Numerics: BigInteger BitOperations Complex INumber Matrix4x4 Quaternion Vector2 Vector3 Vector4
        System.Reflection: Assembly AssemblyInformationalVersion AssemblyName BindingFlags ConstructorInfo CustomAttributeExtensions EventInfo FieldInfo MemberInfo MemberTypes MethodBase MethodInfo ParameterInfo PropertyInfo TargetInvocationException TypeInfo
        System.Runtime.CompilerServices: CallerArgumentExpression CallerFilePath CallerLineNumber CallerMemberName CompilerGenerated ConditionalWeakTable EnumeratorCancellation InternalsVisibleTo MethodImpl MethodImplOptions ModuleInitializer RuntimeHelpers
        System.Runtime.ExceptionServices: ExceptionDispatchInfo
        System.Runtime.InteropServices: Architecture CallingConvention CollectionsMarshal DllImport ExternalException GCHandle GCHandleType LayoutKind LibraryImport Marshal MarshalAs MemoryMarshal NativeLibrary OSPlatform RuntimeInformation SafeHandle StructLayout UnmanagedType
        System.Runtime.Serialization: DataContract DataMember EnumMember IgnoreDataMember ISerializable SerializationInfo StreamingContext
        System.Runtime.Versioning: SupportedOSPlatform TargetFramework UnsupportedOSPlatform
        System.Security: SecureString SecurityException
        System.Security.Claims: Claim ClaimTypes ClaimsIdentity ClaimsPrincipal
        System.Security.Cryptography: Aes AesGcm CryptographicException CryptoStream CryptoStreamMode CryptographicOperations ECDsa HMACSHA1 HMACSHA256 HMACSHA512 HashAlgorithm HashAlgorithmName MD5 RSA RandomNumberGenerator Rfc2898DeriveBytes SHA1 SHA256 SHA384 SHA512
        System.Security.Cryptography.X509Certificates: X509Certificate2 X509Chain X509Store
        System.Security.Principal: IIdentity IPrincipal WindowsIdentity
        System.Text: ASCIIEncoding CompositeFormat Decoder DecoderFallbackException Encoder Encoding NormalizationForm Rune StringBuilder UTF8Encoding UnicodeEncoding
        System.Text.Encodings.Web: HtmlEncoder JavaScriptEncoder UrlEncoder
        System.Text.Json: JsonDocument JsonDocumentOptions JsonElement JsonException JsonNamingPolicy JsonSerializer JsonSerializerDefaults JsonSerializerOptions JsonValueKind Utf8JsonReader Utf8JsonWriter
        System.Text.Json.Nodes: JsonArray JsonNode JsonObject JsonValue
        System.Text.Json.Serialization: JsonConverter JsonConverterFactory JsonDerivedType JsonExtensionData JsonIgnore JsonIgnoreCondition JsonNumberHandling JsonPolymorphic JsonPropertyName JsonPropertyOrder JsonSerializable JsonSerializerContext JsonSourceGenerationOptions JsonStringEnumConverter ReferenceHandler
        System.Text.RegularExpressions: Capture GeneratedRegex Match MatchCollection Regex RegexMatchTimeoutException RegexOptions
        System.Threading: AsyncLocal AutoResetEvent Barrier CancellationToken CancellationTokenRegistration CancellationTokenSource CountdownEvent EventWaitHandle Interlocked LazyInitializer Lock ManualResetEvent ManualResetEventSlim Monitor Mutex PeriodicTimer ReaderWriterLockSlim Semaphore SemaphoreSlim SpinLock SpinWait SynchronizationContext Thread ThreadLocal ThreadPool ThreadStart Volatile WaitHandle
        System.Threading.Channels: BoundedChannelFullMode BoundedChannelOptions Channel ChannelReader ChannelWriter UnboundedChannelOptions
        System.Threading.Tasks: Parallel ParallelOptions Task TaskCanceledException TaskCompletionSource TaskContinuationOptions TaskCreationOptions TaskFactory TaskScheduler TaskStatus ValueTask
        System.Web: HttpUtility
        System.Xml: XmlDocument XmlElement XmlException XmlNode XmlNodeList XmlNodeType XmlReader XmlReaderSettings XmlWriter XmlWriterSettings
        System.Xml.Linq: XAttribute XContainer XDeclaration XDocument XElement XName XNamespace XNode XText
        System.Xml.Serialization: XmlAttribute XmlArray XmlArrayItem XmlIgnore XmlRoot XmlSerializer XmlSerializerNamespaces
        System.Xml.XPath: XPathDocument XPathNavigator
        """);

    private static readonly FrozenDictionary<string, string> Web = Read(
        """
        Microsoft.AspNetCore.Authorization: AllowAnonymous Authorize AuthorizationHandler IAuthorizationRequirement
        Microsoft.AspNetCore.Builder: IApplicationBuilder WebApplication WebApplicationBuilder WebApplicationOptions
        Microsoft.AspNetCore.Hosting: IWebHostBuilder IWebHostEnvironment
        Microsoft.AspNetCore.Http: HttpContext HttpRequest HttpResponse IFormFile IHttpContextAccessor IResult RequestDelegate Results StatusCodes TypedResults
        Microsoft.AspNetCore.Mvc: ActionResult ApiController BadRequestObjectResult BindProperty Consumes ControllerBase CreatedAtActionResult FromBody FromForm FromHeader FromQuery FromRoute FromServices HttpDelete HttpGet HttpPatch HttpPost HttpPut IActionResult JsonResult NotFoundResult OkObjectResult ProblemDetails Produces ProducesResponseType Route ValidationProblemDetails
        Microsoft.AspNetCore.Mvc.Filters: ActionExecutedContext ActionExecutingContext ActionFilterAttribute ExceptionContext IActionFilter IAsyncActionFilter IExceptionFilter
        Microsoft.Extensions.Caching.Memory: IMemoryCache MemoryCache MemoryCacheEntryOptions
        Microsoft.Extensions.Configuration: ConfigurationBuilder IConfiguration IConfigurationRoot IConfigurationSection
        Microsoft.Extensions.DependencyInjection: IServiceCollection IServiceScopeFactory ServiceCollection ServiceDescriptor ServiceLifetime
        Microsoft.Extensions.Hosting: BackgroundService Host IHost IHostApplicationLifetime IHostBuilder IHostEnvironment IHostedService
        Microsoft.Extensions.Logging: ILogger ILoggerFactory ILoggerProvider LogLevel LoggerMessage
        Microsoft.Extensions.Options: IOptions IOptionsMonitor IOptionsSnapshot
        """);

    private static readonly FrozenDictionary<string, string> Packages = Read(
        """
        AutoMapper: IMapper IMapperConfigurationExpression MapperConfiguration
        Bogus: Faker
        CsvHelper: CsvReader CsvWriter
        Dapper: DynamicParameters SqlMapper
        FluentAssertions: AssertionOptions
        FluentValidation: AbstractValidator IValidator
        MediatR: IMediator INotificationHandler IPipelineBehavior IRequest IRequestHandler ISender
        Microsoft.Data.Sqlite: SqliteCommand SqliteConnection SqliteConnectionStringBuilder SqliteDataReader SqliteException SqliteParameter
        Microsoft.EntityFrameworkCore: DbContext DbContextOptions DbContextOptionsBuilder DbSet DbUpdateConcurrencyException DbUpdateException ModelBuilder
        Moq: It MockBehavior MockRepository Times
        NSubstitute: Arg Substitute
        NUnit.Framework: OneTimeSetUp OneTimeTearDown SetUp TearDown TestCase TestCaseSource TestFixture
        Newtonsoft.Json: Formatting JsonConvert JsonProperty JsonReaderException JsonSerializationException JsonSerializerSettings JsonTextReader JsonTextWriter NullValueHandling
        Newtonsoft.Json.Linq: JArray JObject JToken JTokenType
        Npgsql: NpgsqlCommand NpgsqlConnection NpgsqlDataSource NpgsqlException
        Polly: IAsyncPolicy ResiliencePipeline ResiliencePipelineBuilder
        Serilog: LoggerConfiguration
        Serilog.Events: LogEvent LogEventLevel LogEventProperty
        StackExchange.Redis: ConnectionMultiplexer IConnectionMultiplexer RedisKey RedisValue
        System.CommandLine: RootCommand
        Xunit: ClassData Fact IAsyncLifetime IClassFixture ICollectionFixture InlineData MemberData Theory TheoryData
        Xunit.Abstractions: ITestOutputHelper
        YamlDotNet.RepresentationModel: YamlMappingNode YamlScalarNode YamlSequenceNode YamlStream
        YamlDotNet.Serialization: DeserializerBuilder IDeserializer ISerializer SerializerBuilder YamlMember
        """);

    // Beside packages that are called like their namespace. The first is what a new reference would name today.
    private static readonly FrozenDictionary<string, string[]> Homes = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Xunit"] = ["xunit", "xunit.v3", "xunit.core", "xunit.v3.core", "xunit.extensibility.core", "xunit.assert"],
        ["Xunit.Abstractions"] = ["xunit", "xunit.abstractions"],
        ["NUnit.Framework"] = ["NUnit"],
        ["Microsoft.VisualStudio.TestTools.UnitTesting"] = ["MSTest.TestFramework", "MSTest"],
        ["Microsoft.Extensions.DependencyInjection"] = ["Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.DependencyInjection.Abstractions"],
        ["Microsoft.Extensions.Logging"] = ["Microsoft.Extensions.Logging", "Microsoft.Extensions.Logging.Abstractions"],
        ["Microsoft.Extensions.Hosting"] = ["Microsoft.Extensions.Hosting", "Microsoft.Extensions.Hosting.Abstractions"],
        ["Microsoft.Extensions.Configuration"] = ["Microsoft.Extensions.Configuration", "Microsoft.Extensions.Configuration.Abstractions"],
        ["Microsoft.Extensions.Options"] = ["Microsoft.Extensions.Options"],
        ["Microsoft.EntityFrameworkCore"] = ["Microsoft.EntityFrameworkCore"],
        ["Newtonsoft"] = ["Newtonsoft.Json"],
        ["ICSharpCode.SharpZipLib"] = ["SharpZipLib"],
        ["SixLabors.ImageSharp"] = ["SixLabors.ImageSharp"],
        ["HandlebarsDotNet"] = ["Handlebars.Net"],
        ["Google.Protobuf"] = ["Google.Protobuf"],
        ["Amazon.S3"] = ["AWSSDK.S3"],
        ["Shouldly"] = ["Shouldly"],
        ["Testcontainers"] = ["Testcontainers"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Known well enough to be fetched by name alone: their namespace is theirs for years.
    private static readonly FrozenSet<string> WellKnown = FrozenSet.Create(
        StringComparer.Ordinal,
        "AutoMapper", "Bogus", "CsvHelper", "Dapper", "FluentValidation", "Google.Protobuf", "Handlebars.Net", "MediatR", "Microsoft.Data.Sqlite", "Microsoft.EntityFrameworkCore",
        "Moq", "NSubstitute", "NUnit", "Newtonsoft.Json", "NodaTime", "Npgsql", "Polly", "Serilog", "Shouldly", "SharpZipLib", "Spectre.Console", "StackExchange.Redis", "YamlDotNet", "Humanizer", "Markdig", "xunit");

    /// <summary>The namespace of the framework that has the type; an attribute may be named without its ending.</summary>
    public static string? NamespaceOf(string type) => Find(Framework, type);

    public static bool IsOfFramework(string space) => Framework.Values.Contains(space, StringComparer.Ordinal);

    /// <summary>The same for what the web SDK brings.</summary>
    public static string? WebNamespaceOf(string type) => Find(Web, type);

    /// <summary>The namespace of a well-known package that has the type.</summary>
    public static string? PackageNamespaceOf(string type) => Find(Packages, type);

    /// <summary>Packages that hold a namespace, by their names alone or because they are well known for it, the most fitting first.</summary>
    public static IReadOnlyList<string> PackagesOf(string space)
    {
        var names = new List<string>();
        for (var part = space; part.Length > 0; part = part.LastIndexOf('.') is var dot and > 0 ? part[..dot] : "")
            names.AddRange(Homes.TryGetValue(part, out var homes) ? homes : [part]);
        return [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    public static bool IsWellKnown(string package) => WellKnown.Contains(package);

    private static string? Find(FrozenDictionary<string, string> table, string type) =>
        table.GetValueOrDefault(type) ?? (type.EndsWith("Attribute", StringComparison.Ordinal) ? table.GetValueOrDefault(type[..^"Attribute".Length]) : null);

    private static FrozenDictionary<string, string> Read(string table) =>
        table.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(": ", 2))
            .SelectMany(pair => pair[1].Split(' '), (pair, type) => (Type: type, Space: pair[0]))
            .ToFrozenDictionary(entry => entry.Type, entry => entry.Space, StringComparer.Ordinal);
}
