using System.Collections.Frozen;

namespace QMoi.Fixers.Cpp;

/// <summary>In which standard header a name is declared, for compilers that do not say.</summary>
internal static class CStandardNames
{
    private static readonly FrozenDictionary<string, string> OfC = Table(
        ("assert.h", "assert static_assert"),
        ("ctype.h", "isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit tolower toupper"),
        ("errno.h", "errno EINVAL ENOMEM EINTR EAGAIN ENOENT ERANGE EEXIST EACCES"),
        ("float.h", "FLT_MAX FLT_MIN FLT_EPSILON DBL_MAX DBL_MIN DBL_EPSILON"),
        ("inttypes.h", "PRId64 PRIu64 PRIx64 PRId32 PRIu32 PRIx32 strtoimax strtoumax"),
        ("limits.h", "CHAR_BIT CHAR_MAX CHAR_MIN INT_MAX INT_MIN LONG_MAX LONG_MIN LLONG_MAX LLONG_MIN SCHAR_MAX SCHAR_MIN SHRT_MAX SHRT_MIN UCHAR_MAX UINT_MAX ULONG_MAX ULLONG_MAX USHRT_MAX PATH_MAX"),
        ("math.h", "acos asin atan atan2 cbrt ceil cos exp fabs floor fmax fmin fmod hypot isinf isnan log log10 log2 lround pow round sin sqrt tan trunc"),
        ("pthread.h", "pthread_t pthread_mutex_t pthread_create pthread_join pthread_mutex_lock pthread_mutex_unlock"),
        ("signal.h", "signal raise sigaction SIGINT SIGTERM SIGKILL"),
        ("stdarg.h", "va_list va_start va_end va_arg va_copy"),
        ("stdbool.h", "bool true false"),
        ("stddef.h", "size_t ptrdiff_t NULL offsetof wchar_t max_align_t"),
        ("stdint.h", "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t INT8_MAX INT16_MAX INT32_MAX INT32_MIN INT64_MAX INT64_MIN UINT8_MAX UINT16_MAX UINT32_MAX UINT64_MAX SIZE_MAX"),
        ("stdio.h", "FILE EOF stdin stdout stderr fclose feof ferror fflush fgetc fgets fopen fprintf fputc fputs fread fscanf fseek ftell fwrite getc getchar perror printf putc putchar puts remove rename rewind scanf snprintf sprintf sscanf vfprintf vprintf vsnprintf"),
        ("stdlib.h", "EXIT_FAILURE EXIT_SUCCESS abort abs atexit atof atoi atol atoll bsearch calloc div exit free getenv labs malloc qsort rand realloc srand strtod strtof strtol strtoll strtoul strtoull system"),
        ("string.h", "memchr memcmp memcpy memmove memset strcat strchr strcmp strcpy strcspn strdup strerror strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtok"),
        ("strings.h", "strcasecmp strncasecmp"),
        ("sys/stat.h", "stat fstat lstat mkdir chmod S_ISDIR S_ISREG"),
        ("sys/types.h", "ssize_t pid_t off_t mode_t uid_t gid_t"),
        ("sys/wait.h", "wait waitpid WIFEXITED WEXITSTATUS"),
        ("time.h", "time_t clock_t clock clock_gettime difftime gmtime localtime mktime strftime time CLOCK_MONOTONIC"),
        ("unistd.h", "access chdir close dup dup2 execvp fork getcwd getopt getpid isatty lseek pipe read rmdir sleep unlink usleep write STDIN_FILENO STDOUT_FILENO STDERR_FILENO"),
        ("fcntl.h", "O_RDONLY O_WRONLY O_RDWR O_CREAT O_TRUNC"));

    private static readonly FrozenDictionary<string, string> OfStd = Table(
        ("algorithm", "all_of any_of binary_search clamp copy copy_if count count_if equal fill fill_n find find_if find_if_not for_each generate is_sorted lower_bound max max_element merge min min_element minmax minmax_element none_of nth_element partial_sort partition remove remove_if replace replace_if reverse rotate sample search shuffle sort stable_sort swap_ranges transform unique upper_bound"),
        ("any", "any any_cast"),
        ("array", "array to_array"),
        ("atomic", "atomic atomic_bool atomic_int atomic_flag memory_order memory_order_relaxed memory_order_acquire memory_order_release"),
        ("bit", "bit_cast popcount countl_zero countr_zero has_single_bit"),
        ("bitset", "bitset"),
        ("cassert", ""),
        ("charconv", "from_chars to_chars"),
        ("chrono", "chrono"),
        ("cmath", "sqrt pow fabs floor ceil round sin cos tan exp log log2 isnan isinf hypot trunc lround"),
        ("condition_variable", "condition_variable"),
        ("cstddef", "byte nullptr_t ptrdiff_t size_t"),
        ("cstdint", "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t"),
        ("cstdio", "printf snprintf fprintf puts perror"),
        ("cstdlib", "abort exit getenv malloc free strtol strtod strtoul rand srand system"),
        ("cstring", "memcpy memset memcmp memmove strlen strcmp strncmp strcpy strncpy strchr strstr strerror"),
        ("deque", "deque"),
        ("exception", "exception terminate current_exception rethrow_exception exception_ptr uncaught_exceptions"),
        ("filesystem", "filesystem"),
        ("format", "format"),
        ("forward_list", "forward_list"),
        ("fstream", "ifstream ofstream fstream"),
        ("functional", "function bind bind_front hash invoke less greater plus minus multiplies mem_fn ref cref reference_wrapper"),
        ("future", "future promise async packaged_task shared_future"),
        ("initializer_list", "initializer_list"),
        ("iomanip", "setw setfill setprecision put_time get_time quoted setbase"),
        ("ios", "ios_base hex dec fixed boolalpha streamsize"),
        ("iostream", "cout cin cerr clog wcout"),
        ("istream", "istream ws"),
        ("iterator", "back_inserter advance distance next prev inserter istream_iterator ostream_iterator istreambuf_iterator make_move_iterator reverse_iterator ssize"),
        ("limits", "numeric_limits"),
        ("list", "list"),
        ("map", "map multimap"),
        ("memory", "unique_ptr shared_ptr weak_ptr make_unique make_shared allocator addressof enable_shared_from_this static_pointer_cast dynamic_pointer_cast"),
        ("mutex", "mutex lock_guard unique_lock scoped_lock recursive_mutex call_once once_flag"),
        ("numeric", "accumulate iota inner_product partial_sum adjacent_difference reduce gcd lcm midpoint"),
        ("optional", "optional nullopt make_optional nullopt_t"),
        ("ostream", "ostream endl flush"),
        ("queue", "queue priority_queue"),
        ("random", "mt19937 mt19937_64 random_device uniform_int_distribution uniform_real_distribution normal_distribution bernoulli_distribution"),
        ("ranges", "ranges views"),
        ("regex", "regex regex_match regex_search regex_replace smatch cmatch sregex_iterator"),
        ("set", "set multiset"),
        ("shared_mutex", "shared_mutex shared_lock"),
        ("span", "span"),
        ("sstream", "stringstream ostringstream istringstream basic_stringstream"),
        ("stack", "stack"),
        ("stdexcept", "runtime_error logic_error invalid_argument out_of_range domain_error length_error overflow_error range_error underflow_error"),
        ("string", "string to_string stoi stol stoul stoll stof stod getline wstring u16string u32string char_traits"),
        ("string_view", "string_view wstring_view"),
        ("system_error", "error_code error_category system_error system_category generic_category errc make_error_code"),
        ("thread", "thread this_thread jthread"),
        ("tuple", "tuple make_tuple tie get tuple_size forward_as_tuple apply ignore"),
        ("type_traits", "enable_if enable_if_t is_same is_same_v decay_t is_integral is_integral_v is_base_of_v conditional_t remove_reference_t remove_cv_t underlying_type_t invoke_result_t is_floating_point_v true_type false_type"),
        ("typeinfo", "type_info bad_cast"),
        ("unordered_map", "unordered_map unordered_multimap"),
        ("unordered_set", "unordered_set unordered_multiset"),
        ("utility", "pair make_pair move forward swap exchange as_const index_sequence make_index_sequence declval in_place piecewise_construct"),
        ("variant", "variant visit get_if holds_alternative monostate"),
        ("vector", "vector"));

    private static readonly FrozenSet<string> OfPosix = FrozenSet.ToFrozenSet(["pthread.h", "strings.h", "sys/stat.h", "sys/types.h", "sys/wait.h", "unistd.h", "fcntl.h"], StringComparer.Ordinal);

    /// <param name="isStd">The name was written with <c>std::</c>.</param>
    /// <returns>The header in its brackets, <c>null</c> when the name is of no standard.</returns>
    public static string? HeaderOf(string name, bool isStd, bool isCpp)
    {
        if (isStd)
            return OfStd.TryGetValue(name, out var std) ? $"<{std}>" : null;
        if (!OfC.TryGetValue(name, out var header))
            return null;
        return isCpp && !OfPosix.Contains(header) ? $"<c{header[..^2]}>" : $"<{header}>";
    }

    private static FrozenDictionary<string, string> Table(params IEnumerable<(string Header, string Names)> rows) =>
        rows.SelectMany(row => row.Names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => (name, row.Header)))
            .DistinctBy(pair => pair.name).ToFrozenDictionary(pair => pair.name, pair => pair.Header, StringComparer.Ordinal);
}
