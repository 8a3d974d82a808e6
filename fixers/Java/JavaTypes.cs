using System.Collections.Frozen;

namespace QMoi.Fixers.Java;

/// <summary>Where well-known types of the JDK live: names that a program means nearly always when it says no more.</summary>
internal static class JavaTypes
{
    // Left out on purpose: Date, Timer, Connection, Event and others that more than one package has in common use.
    private static readonly FrozenDictionary<string, string> Packages =
        """
        java.io: BufferedInputStream BufferedOutputStream BufferedReader BufferedWriter ByteArrayInputStream ByteArrayOutputStream Closeable Console DataInputStream DataOutputStream EOFException File FileInputStream FileNotFoundException FileOutputStream FileReader FileWriter IOException InputStream InputStreamReader InvalidObjectException ObjectInputStream ObjectOutputStream OutputStream OutputStreamWriter PrintStream PrintWriter RandomAccessFile Reader Serial Serializable StringReader StringWriter UncheckedIOException UnsupportedEncodingException Writer
        java.lang.annotation: Documented ElementType Inherited Repeatable Retention RetentionPolicy Target
        java.lang.reflect: Constructor Field InvocationHandler InvocationTargetException Method Modifier ParameterizedType Proxy
        java.math: BigDecimal BigInteger MathContext RoundingMode
        java.net: HttpURLConnection InetAddress InetSocketAddress MalformedURLException ServerSocket Socket SocketException SocketTimeoutException URI URISyntaxException URL URLConnection URLDecoder URLEncoder UnknownHostException
        java.net.http: HttpClient HttpRequest HttpResponse
        java.nio: ByteBuffer ByteOrder CharBuffer MappedByteBuffer
        java.nio.channels: FileChannel SocketChannel
        java.nio.charset: Charset StandardCharsets
        java.nio.file: DirectoryStream FileAlreadyExistsException FileSystem FileSystems FileVisitResult Files LinkOption NoSuchFileException OpenOption Path Paths SimpleFileVisitor StandardCopyOption StandardOpenOption
        java.nio.file.attribute: BasicFileAttributes FileTime PosixFilePermission
        java.security: KeyFactory KeyPair KeyPairGenerator KeyStore MessageDigest NoSuchAlgorithmException PrivateKey PublicKey SecureRandom
        java.sql: DriverManager PreparedStatement ResultSet SQLException Timestamp
        java.text: DateFormat DecimalFormat DecimalFormatSymbols MessageFormat Normalizer NumberFormat ParseException SimpleDateFormat
        java.time: Clock DayOfWeek Duration Instant LocalDate LocalDateTime LocalTime Month MonthDay OffsetDateTime Period Year YearMonth ZoneId ZoneOffset ZonedDateTime
        java.time.format: DateTimeFormatter DateTimeFormatterBuilder DateTimeParseException FormatStyle
        java.time.temporal: ChronoField ChronoUnit TemporalAdjusters
        java.util: AbstractList AbstractMap ArrayDeque ArrayList Arrays Base64 BitSet Calendar Collection Collections Comparator ConcurrentModificationException Currency Deque DoubleSummaryStatistics EnumMap EnumSet Formatter GregorianCalendar HashMap HashSet Hashtable HexFormat IdentityHashMap IntSummaryStatistics Iterator LinkedHashMap LinkedHashSet LinkedList List ListIterator Locale LongSummaryStatistics Map MissingResourceException NavigableMap NavigableSet NoSuchElementException Objects Optional OptionalDouble OptionalInt OptionalLong PrimitiveIterator PriorityQueue Properties Queue Random ResourceBundle Scanner ServiceLoader Set SortedMap SortedSet Spliterator Spliterators StringJoiner StringTokenizer TimeZone TreeMap TreeSet UUID Vector WeakHashMap
        java.util.concurrent: ArrayBlockingQueue BlockingDeque BlockingQueue Callable CancellationException CompletableFuture CompletionException CompletionStage ConcurrentHashMap ConcurrentLinkedDeque ConcurrentLinkedQueue ConcurrentMap ConcurrentSkipListMap CopyOnWriteArrayList CountDownLatch CyclicBarrier ExecutionException Executor ExecutorService Executors ForkJoinPool Future FutureTask LinkedBlockingDeque LinkedBlockingQueue PriorityBlockingQueue RejectedExecutionException ScheduledExecutorService ScheduledFuture Semaphore ThreadFactory ThreadLocalRandom ThreadPoolExecutor TimeUnit TimeoutException
        java.util.concurrent.atomic: AtomicBoolean AtomicInteger AtomicLong AtomicReference LongAdder
        java.util.concurrent.locks: Condition Lock ReadWriteLock ReentrantLock ReentrantReadWriteLock StampedLock
        java.util.function: BiConsumer BiFunction BiPredicate BinaryOperator BooleanSupplier Consumer DoubleFunction DoubleSupplier DoubleUnaryOperator Function IntBinaryOperator IntConsumer IntFunction IntPredicate IntSupplier IntUnaryOperator LongFunction LongSupplier LongUnaryOperator Predicate Supplier ToDoubleFunction ToIntFunction ToLongFunction UnaryOperator
        java.util.regex: MatchResult Matcher Pattern PatternSyntaxException
        java.util.stream: Collector Collectors DoubleStream IntStream LongStream Stream StreamSupport
        java.util.zip: CRC32 Deflater GZIPInputStream GZIPOutputStream Inflater ZipEntry ZipFile ZipInputStream ZipOutputStream
        """
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(": ", 2))
            .SelectMany(pair => pair[1].Split(' '), (pair, type) => (Type: type, Package: pair[0]))
            .ToFrozenDictionary(entry => entry.Type, entry => entry.Package, StringComparer.Ordinal);

    public static string? PackageOf(string type) => Packages.GetValueOrDefault(type);
}
